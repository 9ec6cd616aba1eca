#include "model/checkpoint/safetensors.h"

#include <algorithm>
#include <utility>

#include "glog/logging.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"
#include "model/checkpoint/byte_source.h"
#include "model/checkpoint/safetensors_header.h"

namespace transformerd {
namespace {

class SafetensorsReader : public CheckpointReader {
 public:
  SafetensorsReader(std::unique_ptr<ByteSource> source, std::string name,
                    std::vector<CheckpointEntry> entries)
      : source_(std::move(source)),
        name_(std::move(name)),
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
    return Annotate(source_->Read(offset_bytes, buffers), name_);
  }

  absl::Status CheckUnchanged() const override {
    return Annotate(source_->CheckUnchanged(), name_);
  }

 private:
  const std::unique_ptr<ByteSource> source_;
  const std::string name_;
  const std::vector<CheckpointEntry> entries_;
};

absl::StatusOr<std::vector<CheckpointEntry>> ReadHeader(
    const ByteSource& source) {
  const int64_t size_bytes = source.size_bytes();
  ASSIGN_OR_RETURN(
      const std::string prefix,
      ReadString(source, 0, std::min(size_bytes, kSafetensorsPrefixBytes)));
  ASSIGN_OR_RETURN(const int64_t header_bytes,
                   ParseSafetensorsPrefix(prefix, size_bytes));
  ASSIGN_OR_RETURN(const std::string header,
                   ReadString(source, kSafetensorsPrefixBytes, header_bytes));
  RETURN_IF_ERROR(source.CheckUnchanged());
  return ParseSafetensorsHeader(header, size_bytes);
}

}  // namespace

absl::StatusOr<std::unique_ptr<CheckpointReader>> OpenSafetensors(
    const std::string& path) {
  std::string name = path.substr(path.rfind('/') + 1);
  absl::StatusOr<std::unique_ptr<ByteSource>> source = OpenByteSource(path);
  if (!source.ok()) return Annotate(source.status(), name);
  absl::StatusOr<std::vector<CheckpointEntry>> entries = ReadHeader(**source);
  if (!entries.ok()) return Annotate(entries.status(), name);
  return std::make_unique<SafetensorsReader>(
      *std::move(source), std::move(name), *std::move(entries));
}

}  // namespace transformerd
