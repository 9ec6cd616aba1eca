#include "tests/model/loading/toy_checkpoint.h"

#include <algorithm>
#include <cstring>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "glog/logging.h"

namespace transformerd {

void ToyCheckpoint::Add(const std::string& key, Shape shape, DType dtype,
                        int64_t gap_bytes, int file) {
  files_.resize(std::max<size_t>(files_.size(), file + 1));
  std::string& bytes = files_[file];
  CheckpointEntry entry;
  entry.key = key;
  entry.dtype = dtype;
  entry.file = file;
  entry.offset_bytes = bytes.size() + gap_bytes;
  entry.size_bytes = *SizeBytes(dtype, shape);
  entry.shape = std::move(shape);
  while (static_cast<int64_t>(bytes.size()) <
         entry.offset_bytes + entry.size_bytes) {
    bytes.push_back(static_cast<char>(bytes.size() * 37 + file));
  }
  entries_.push_back(std::move(entry));
}

void ToyCheckpoint::AddFloats(const std::string& key, Shape shape,
                              const std::vector<float>& values) {
  Add(key, std::move(shape));
  const CheckpointEntry& entry = entries_.back();
  CHECK_EQ(entry.size_bytes,
           static_cast<int64_t>(values.size() * sizeof(float)));
  std::memcpy(&files_[entry.file][entry.offset_bytes], values.data(),
              entry.size_bytes);
}

void ToyCheckpoint::AddTransposed(const std::string& key, int64_t rows,
                                  int64_t columns) {
  Add(key, {rows, columns});
  entries_.back().strides = {1, rows};
}

void ToyCheckpoint::OnRead(int call, std::function<absl::Status()> action) {
  failing_call_ = call;
  action_ = std::move(action);
}

std::vector<ToyCheckpoint::ReadCall> ToyCheckpoint::reads() const {
  absl::MutexLock lock(&mutex_);
  return reads_;
}

int64_t ToyCheckpoint::bytes_read() const {
  int64_t sum = 0;
  for (const ReadCall& read : reads()) {
    sum = absl::c_accumulate(read.sizes, sum);
  }
  return sum;
}

std::string ToyCheckpoint::BytesOfTensor(const std::string& key) const {
  for (const CheckpointEntry& entry : entries_) {
    if (entry.key == key) {
      return files_[entry.file].substr(entry.offset_bytes, entry.size_bytes);
    }
  }
  LOG(FATAL) << "no tensor " << key;
  return "";
}

std::string ToyCheckpoint::file_name(int file) const {
  return absl::StrCat("toy-", file);
}

absl::Status ToyCheckpoint::Read(
    int file, int64_t offset_bytes,
    absl::Span<const absl::Span<std::byte>> buffers) const {
  ReadCall call = {file, offset_bytes, {}};
  for (const auto& buffer : buffers) call.sizes.push_back(buffer.size());
  bool is_failing = false;
  {
    absl::MutexLock lock(&mutex_);
    is_failing = static_cast<int>(reads_.size()) == failing_call_;
    reads_.push_back(std::move(call));
  }
  if (is_failing) {
    const absl::Status status = action_();
    if (!status.ok()) return status;
  }
  const char* source = files_[file].data() + offset_bytes;
  for (const auto& buffer : buffers) {
    std::memcpy(buffer.data(), source, buffer.size());
    source += buffer.size();
  }
  CHECK_LE(source, files_[file].data() + files_[file].size());
  return absl::OkStatus();
}

ParameterSlot& AddSlot(SlotVector& slots, const std::string& name, Shape shape,
                       DType dtype, Initializer initializer) {
  slots.push_back(std::make_unique<ParameterSlot>(name, dtype, std::move(shape),
                                                  initializer));
  return *slots.back();
}

NameMap MapByName(const SlotVector& slots, const CheckpointReader& reader) {
  NameMap map;
  const std::vector<CheckpointEntry>& entries = reader.entries();
  std::vector<bool> is_claimed(entries.size());
  for (const auto& slot : slots) {
    SlotMapping mapping;
    mapping.key = slot->name();
    for (size_t i = 0; i < entries.size(); ++i) {
      if (entries[i].key != slot->name()) continue;
      mapping.source = SlotSource::kEntry;
      mapping.index = static_cast<int>(i);
      is_claimed[i] = true;
    }
    if (mapping.source == SlotSource::kMissing) {
      map.missing.push_back(mapping.key);
    }
    map.slots.push_back(mapping);
  }
  for (size_t i = 0; i < entries.size(); ++i) {
    if (!is_claimed[i]) map.unexpected.push_back(entries[i].key);
  }
  absl::c_sort(map.missing);
  absl::c_sort(map.unexpected);
  return map;
}

}  // namespace transformerd
