#include "model/loading/arena.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "glog/logging.h"
#include "model/base/error_details.h"

namespace transformerd {
namespace {

constexpr size_t kPageBytes = size_t{4} << 10;
constexpr size_t kHugePageBytes = size_t{2} << 20;

std::atomic<int64_t> total_bytes = 0;

}  // namespace

absl::StatusOr<std::unique_ptr<Arena>> Arena::Create(int64_t size_bytes) {
  CHECK_GE(size_bytes, 0);
  const size_t size = static_cast<size_t>(size_bytes);
  const size_t mapped_size = std::max<size_t>(size, 1);  // mmap refuses 0
  void* begin = mmap(nullptr, mapped_size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (begin == MAP_FAILED) {
    return WithReason(absl::ResourceExhaustedError(absl::StrCat(
                          "weights need ", size_bytes,
                          " bytes of memory, which the system refused: ",
                          std::strerror(errno))),
                      Reason::kResourceLimit);
  }
  if (mapped_size >= kHugePageBytes &&
      madvise(begin, mapped_size, MADV_HUGEPAGE) != 0) {
    // A kernel without huge pages serves as well, only slower.
    LOG_FIRST_N(INFO, 1) << "no huge pages for weights: "
                         << std::strerror(errno);
  }
  return absl::WrapUnique(
      new Arena(static_cast<std::byte*>(begin), size, mapped_size));
}

Arena::Arena(std::byte* begin, size_t size, size_t mapped_size)
    : begin_(begin), size_(size), mapped_size_(mapped_size) {
  total_bytes += static_cast<int64_t>(size_);
}

Arena::~Arena() {
  PCHECK(munmap(begin_, mapped_size_) == 0);
  total_bytes -= held_bytes();
}

int64_t Arena::TotalBytes() { return total_bytes; }

absl::Span<std::byte> Arena::Range(int64_t offset_bytes,
                                   int64_t size_bytes) const {
  CHECK_GE(offset_bytes, 0);
  CHECK_GE(size_bytes, 0);
  CHECK_LE(offset_bytes, static_cast<int64_t>(size_) - size_bytes);
  return {begin_ + offset_bytes, static_cast<size_t>(size_bytes)};
}

int64_t Arena::Discard(int64_t offset_bytes, int64_t size_bytes) {
  Range(offset_bytes, size_bytes);  // checks
  const int64_t page_bytes = sysconf(_SC_PAGESIZE);
  // Of pages, counted from the arena's begin, which is the begin of one.
  const int64_t begin =
      (offset_bytes + page_bytes - 1) / page_bytes * page_bytes;
  const int64_t end = (offset_bytes + size_bytes) / page_bytes * page_bytes;
  if (begin >= end) return 0;
  PCHECK(madvise(begin_ + begin, end - begin, MADV_DONTNEED) == 0);
  discarded_bytes_ += end - begin;
  total_bytes -= end - begin;
  return end - begin;
}

bool Arena::Populate(int64_t offset_bytes, int64_t size_bytes) const {
#ifdef MADV_POPULATE_WRITE
  const absl::Span<std::byte> range = Range(offset_bytes, size_bytes);
  // Whole pages: madvise takes no others.
  const auto begin = reinterpret_cast<uintptr_t>(range.data());
  const uintptr_t page = begin & ~uintptr_t{kPageBytes - 1};
  return madvise(reinterpret_cast<void*>(page), begin - page + range.size(),
                 MADV_POPULATE_WRITE) == 0;
#else
  return false;
#endif
}

}  // namespace transformerd
