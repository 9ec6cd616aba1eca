// The stream of a GPU on which a worker computes.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/StreamGuard.h>

namespace transformerd {

// While it lives, what the calling thread has `device` do goes to a stream that
// is the thread's own, so that neither loads nor the workers of other GPUs are
// waited for, and one thread's batches share memory that LibTorch's allocator
// keeps for a stream. On the CPU there is nothing to do.
class WorkerStream {
 public:
  explicit WorkerStream(at::Device device);

 private:
  c10::OptionalStreamGuard guard_;
};

}  // namespace transformerd
