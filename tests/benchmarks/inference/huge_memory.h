// Memory in huge pages where there are any, as weights lie in.
#pragma once

#include <sys/mman.h>

#include <cstddef>

#include "glog/logging.h"

namespace transformerd {

// Zeros, and writable. Not copied.
class HugeMemory {
 public:
  explicit HugeMemory(size_t size_bytes) : size_bytes_(size_bytes) {
    void* const data = mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    PCHECK(data != MAP_FAILED) << size_bytes;
    // Small pages do as well, and only take longer.
    (void)madvise(data, size_bytes, MADV_HUGEPAGE);
    data_ = static_cast<std::byte*>(data);
  }
  HugeMemory(const HugeMemory&) = delete;
  HugeMemory& operator=(const HugeMemory&) = delete;
  ~HugeMemory() { munmap(data_, size_bytes_); }

  std::byte* data() const { return data_; }

 private:
  const size_t size_bytes_;
  std::byte* data_ = nullptr;
};

}  // namespace transformerd
