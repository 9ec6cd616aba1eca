// The fake GPU's streams, pinned memory, and copies that nobody has waited for.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Allocator.h>
#include <c10/core/Device.h>
#include <c10/core/Stream.h>

namespace transformerd {

// Of the calling thread, the default one of each device to begin with.
c10::Stream CurrentFakeStream(c10::Device device);
// Returns what was current on the stream's device before.
c10::Stream ExchangeFakeStream(c10::Stream stream);
// Another one each time.
c10::Stream NewFakeStream(c10::Device device);

// Memory that copies need not wait for.
c10::Allocator* FakePinnedAllocator();
bool IsFakePinned(const void* address);

// Copies `from` to pinned memory as soon as somebody waits for `stream`. Until
// then there are only bytes of all ones, NaN in floats: what a reader who does
// not wait may find on a real GPU is anything.
void CopyLater(c10::Stream stream, const at::Tensor& from,
               const at::Tensor& to);
void AwaitFakeStream(c10::Stream stream);

// While it lives, this thread computes on the CPU what a kernel of the GPU
// would: the copies that this takes are no part of it, and nobody waits for
// them.
class FakeKernel {
 public:
  FakeKernel();
  ~FakeKernel();
  FakeKernel(const FakeKernel&) = delete;
  FakeKernel& operator=(const FakeKernel&) = delete;

  static bool IsRunning();
};

}  // namespace transformerd
