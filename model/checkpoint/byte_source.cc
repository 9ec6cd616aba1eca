#include "model/checkpoint/byte_source.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "glog/logging.h"
#include "model/base/error_details.h"
#include "model/base/regular_file.h"
#include "model/base/status_macros.h"

namespace transformerd {
namespace {

class FileSource : public ByteSource {
 public:
  FileSource(RegularFile file, int64_t size_bytes, absl::Time modified_at)
      : file_(std::move(file)),
        size_bytes_(size_bytes),
        modified_at_(modified_at) {}

  int64_t size_bytes() const override { return size_bytes_; }

  absl::Status Read(
      int64_t offset_bytes,
      absl::Span<const absl::Span<std::byte>> buffers) const override {
    const absl::Status status = file_.Read(offset_bytes, buffers);
    if (status.ok()) return status;
    return LoadError(Reason::kTruncated, status.message());
  }

  absl::Status CheckUnchanged() const override {
    ASSIGN_OR_RETURN(const int64_t size_now, file_.size_bytes());
    if (size_now != size_bytes_) {
      return LoadError(Reason::kTruncated,
                       absl::StrCat("changed from ", size_bytes_, " to ",
                                    size_now, " bytes since it was opened"));
    }
    ASSIGN_OR_RETURN(const absl::Time modified_now, file_.modified_at());
    if (modified_now == modified_at_) return absl::OkStatus();
    return LoadError(Reason::kHeaderInvalid,
                     "was written to while it was being read");
  }

 private:
  const RegularFile file_;
  const int64_t size_bytes_;
  const absl::Time modified_at_;
};

template <typename T>
T Little(absl::string_view bytes) {
  CHECK_GE(bytes.size(), sizeof(T));
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    value = static_cast<T>(value | (T{byte} << (8 * i)));
  }
  return value;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ByteSource>> OpenByteSource(
    const std::string& path) {
  absl::StatusOr<RegularFile> file = RegularFile::Open(path);
  const absl::StatusOr<int64_t> size_bytes =
      file.ok() ? file->size_bytes() : file.status();
  if (!size_bytes.ok()) {
    return LoadError(Reason::kWeightsNotFound, size_bytes.status().message());
  }
  ASSIGN_OR_RETURN(const absl::Time modified_at, file->modified_at());
  return std::make_unique<FileSource>(*std::move(file), *size_bytes,
                                      modified_at);
}

absl::StatusOr<std::string> ReadString(const ByteSource& source,
                                       int64_t offset_bytes,
                                       int64_t size_bytes) {
  const int64_t available = source.size_bytes();
  if (offset_bytes < 0 || size_bytes < 0 || offset_bytes > available ||
      size_bytes > available - offset_bytes) {
    return LoadError(Reason::kTruncated,
                     absl::StrCat("has ", available, " bytes, expected ",
                                  size_bytes, " at byte ", offset_bytes));
  }
  std::string text(size_bytes, '\0');
  const absl::Span<std::byte> buffer(reinterpret_cast<std::byte*>(text.data()),
                                     text.size());
  RETURN_IF_ERROR(source.Read(offset_bytes, {buffer}));
  return text;
}

uint16_t Little16(absl::string_view bytes) { return Little<uint16_t>(bytes); }
uint32_t Little32(absl::string_view bytes) { return Little<uint32_t>(bytes); }
uint64_t Little64(absl::string_view bytes) { return Little<uint64_t>(bytes); }

}  // namespace transformerd
