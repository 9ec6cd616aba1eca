#include "model/checkpoint/torch_file.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "glog/logging.h"
#include "model/base/error_details.h"
#include "model/base/quoted.h"
#include "model/base/status_macros.h"
#include "model/checkpoint/checksum_ledger.h"
#include "model/checkpoint/strided_view.h"
#include "model/checkpoint/torch_contents.h"
#include "model/checkpoint/torch_legacy.h"
#include "model/checkpoint/torch_zip.h"

namespace transformerd {
namespace {

constexpr absl::string_view kZipBegin("PK\3\4", 4);
// The name of the first file in a tar archive of old versions of torch.
constexpr absl::string_view kTarMagic = "ustar";
constexpr size_t kTarMagicOffset = 257;
constexpr int64_t kBeginBytes = 512;

class TorchReader : public CheckpointReader {
 public:
  TorchReader(std::unique_ptr<ByteSource> source, std::string name,
              std::vector<ChecksummedStretch> checksums,
              std::vector<CheckpointEntry> entries)
      : source_(std::move(source)),
        name_(std::move(name)),
        ledger_(std::move(checksums)),
        entries_(std::move(entries)) {}

  const std::vector<CheckpointEntry>& entries() const override {
    return entries_;
  }

  std::string file_name(int file) const override {
    CHECK_EQ(file, 0);
    return name_;
  }

  absl::Status Read(
      int file, int64_t offset_bytes,
      absl::Span<const absl::Span<std::byte>> buffers) const override {
    CHECK_EQ(file, 0);
    return Annotate(ReadChecked(offset_bytes, buffers), name_);
  }

  absl::Status CheckUnchanged() const override {
    return Annotate(source_->CheckUnchanged(), name_);
  }

 private:
  absl::Status ReadChecked(
      int64_t offset_bytes,
      absl::Span<const absl::Span<std::byte>> buffers) const {
    RETURN_IF_ERROR(source_->Read(offset_bytes, buffers));
    return ledger_.Add(offset_bytes, buffers);
  }

  const std::unique_ptr<ByteSource> source_;
  const std::string name_;
  mutable ChecksumLedger ledger_;
  const std::vector<CheckpointEntry> entries_;
};

absl::StatusOr<TorchContents> ReadContents(const ByteSource& source) {
  ASSIGN_OR_RETURN(
      const std::string begin,
      ReadString(source, 0, std::min(source.size_bytes(), kBeginBytes)));
  if (absl::StartsWith(begin, kZipBegin)) return ReadTorchZip(source);
  if (IsTorchLegacy(begin)) return ReadTorchLegacy(source);
  if (begin.size() > kTarMagicOffset &&
      absl::StartsWith(absl::string_view(begin).substr(kTarMagicOffset),
                       kTarMagic)) {
    return LoadError(Reason::kUnsupported,
                     "is a tar archive, as torch wrote before 0.1.10; expected "
                     "what newer versions of torch.save write");
  }
  return LoadError(
      begin.empty() ? Reason::kTruncated : Reason::kPickleInvalid,
      absl::StrCat("begins with ", Quoted(begin.substr(0, 20)),
                   ", expected what torch.save writes: a zip archive, or "
                   "pickles with its magic number"));
}

absl::StatusOr<std::vector<CheckpointEntry>> MakeEntries(
    TorchContents& contents) {
  std::vector<CheckpointEntry> entries;
  int64_t all_bytes = 0;
  for (auto& [key, index] : contents.state) {
    const TorchTensor& tensor = contents.tensors[index];
    CheckpointEntry& entry = entries.emplace_back();
    entry.key = std::move(key);
    entry.dtype = contents.storages[tensor.storage].dtype;
    entry.shape = tensor.shape;
    const int64_t element_bytes = BytesOf(entry.dtype);
    const StridedView view(contents.storage_offsets[tensor.storage] +
                               tensor.offset * element_bytes,
                           tensor.shape, tensor.strides, element_bytes);
    entry.offset_bytes = view.offset_bytes();
    entry.size_bytes = view.size_bytes();
    if (!view.is_dense()) entry.strides = tensor.strides;
    // Expanded ones are of any size, whatever the file's.
    const std::optional<int64_t> sum = CheckedAdd(all_bytes, entry.size_bytes);
    if (!sum.has_value()) {
      return LoadError(Reason::kShapeInvalid,
                       "its tensors have no size of 63 bits together");
    }
    all_bytes = *sum;
  }
  std::sort(entries.begin(), entries.end(),
            [](const CheckpointEntry& a, const CheckpointEntry& b) {
              return std::tie(a.offset_bytes, a.size_bytes, a.key) <
                     std::tie(b.offset_bytes, b.size_bytes, b.key);
            });
  return entries;
}

}  // namespace

bool IsTorchFile(absl::string_view begin_of_file) {
  return absl::StartsWith(begin_of_file, kZipBegin) ||
         IsTorchLegacy(begin_of_file);
}

absl::StatusOr<std::unique_ptr<CheckpointReader>> OpenTorchFile(
    const std::string& path) {
  std::string name = path.substr(path.rfind('/') + 1);
  absl::StatusOr<std::unique_ptr<ByteSource>> source = OpenByteSource(path);
  if (!source.ok()) return Annotate(source.status(), name);
  return OpenTorchSource(*std::move(source), std::move(name));
}

absl::StatusOr<std::unique_ptr<CheckpointReader>> OpenTorchSource(
    std::unique_ptr<ByteSource> source, std::string name) {
  absl::StatusOr<TorchContents> contents = ReadContents(*source);
  // A file that changed meanwhile is to blame for whatever else is wrong.
  RETURN_IF_ERROR(Annotate(source->CheckUnchanged(), name));
  if (!contents.ok()) return Annotate(contents.status(), name);
  absl::StatusOr<std::vector<CheckpointEntry>> entries = MakeEntries(*contents);
  if (!entries.ok()) return Annotate(entries.status(), name);
  return std::make_unique<TorchReader>(std::move(source), std::move(name),
                                       std::move(contents->checksums),
                                       *std::move(entries));
}

}  // namespace transformerd
