#include "model/base/regular_file.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "model/base/read_permission.h"
#include "model/base/status_macros.h"

namespace transformerd {
namespace {

absl::Status SystemError(absl::string_view what, int error) {
  const std::string message = absl::StrCat(what, ": ", std::strerror(error));
  if (error == ENOENT || error == ENOTDIR) return absl::NotFoundError(message);
  return absl::FailedPreconditionError(message);
}

template <typename Call>
auto RetryWhenInterrupted(const Call& call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

std::vector<iovec> ToVectors(absl::Span<const absl::Span<std::byte>> buffers) {
  std::vector<iovec> vectors;
  vectors.reserve(buffers.size());
  for (const absl::Span<std::byte> buffer : buffers) {
    if (!buffer.empty()) vectors.push_back({buffer.data(), buffer.size()});
  }
  return vectors;
}

// Takes `count` read bytes off the front of `vectors`.
void Consume(size_t count, absl::Span<iovec>& vectors) {
  while (count > 0) {
    iovec& first = vectors.front();
    const size_t taken = std::min(count, first.iov_len);
    first.iov_base = static_cast<char*>(first.iov_base) + taken;
    first.iov_len -= taken;
    count -= taken;
    if (first.iov_len == 0) vectors.remove_prefix(1);
  }
}

}  // namespace

absl::StatusOr<RegularFile> RegularFile::Open(const std::string& path) {
  // O_NONBLOCK, because opening a FIFO would wait for a writer.
  const int descriptor = RetryWhenInterrupted([&path] {
    return open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  });
  if (descriptor < 0) {
    const int error = errno;
    return SystemError(
        absl::StrCat("cannot be opened",
                     error == EACCES ? ReadPermissionHint(path) : ""),
        error);
  }
  RegularFile file(descriptor);
  RETURN_IF_ERROR(file.size_bytes().status());
  return file;
}

RegularFile::RegularFile(RegularFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

RegularFile& RegularFile::operator=(RegularFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

RegularFile::~RegularFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

absl::StatusOr<int64_t> RegularFile::size_bytes() const {
  struct stat status;
  if (fstat(descriptor_, &status) != 0) {
    return SystemError("cannot be examined", errno);
  }
  if (!S_ISREG(status.st_mode)) {
    return absl::FailedPreconditionError("is not a regular file");
  }
  return static_cast<int64_t>(status.st_size);
}

absl::StatusOr<absl::Time> RegularFile::modified_at() const {
  struct stat status;
  if (fstat(descriptor_, &status) != 0) {
    return SystemError("cannot be examined", errno);
  }
  return absl::TimeFromTimespec(status.st_mtim);
}

absl::Status RegularFile::Read(
    int64_t offset_bytes,
    absl::Span<const absl::Span<std::byte>> buffers) const {
  std::vector<iovec> storage = ToVectors(buffers);
  absl::Span<iovec> vectors = absl::MakeSpan(storage);
  while (!vectors.empty()) {
    const int group = std::min<size_t>(vectors.size(), IOV_MAX);
    const ssize_t count = RetryWhenInterrupted([&] {
      return preadv(descriptor_, vectors.data(), group, offset_bytes);
    });
    if (count < 0) {
      return SystemError(absl::StrCat("cannot be read at byte ", offset_bytes),
                         errno);
    }
    if (count == 0) {
      return absl::OutOfRangeError(
          absl::StrCat("ends at byte ", offset_bytes, ", expected more"));
    }
    offset_bytes += count;
    Consume(count, vectors);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadRegularFile(const std::string& path,
                                            int64_t max_size_bytes) {
  ASSIGN_OR_RETURN(const RegularFile file, RegularFile::Open(path));
  ASSIGN_OR_RETURN(const int64_t size_bytes, file.size_bytes());
  if (size_bytes > max_size_bytes) {
    return absl::OutOfRangeError(absl::StrCat(
        "has ", size_bytes, " bytes, expected at most ", max_size_bytes));
  }
  std::string content(size_bytes, '\0');
  const absl::Span<std::byte> buffer(
      reinterpret_cast<std::byte*>(content.data()), content.size());
  RETURN_IF_ERROR(file.Read(0, {buffer}));
  return content;
}

bool IsFileName(absl::string_view name) {
  constexpr absl::string_view kNotInNames("/\0", 2);
  return !name.empty() && name != "." && name != ".." &&
         name.size() <= NAME_MAX &&
         name.find_first_of(kNotInNames) == absl::string_view::npos;
}

}  // namespace transformerd
