#include "tests/fakes/fake_gpu_streams.h"

#include <c10/core/CPUAllocator.h>

#include <atomic>
#include <cstring>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "tests/fakes/fake_gpu.h"

namespace transformerd {
namespace {

class PinnedMemory : public c10::Allocator {
 public:
  static PinnedMemory& Get() {
    static PinnedMemory* const memory = new PinnedMemory;
    return *memory;
  }

  c10::DataPtr allocate(size_t size) override {
    void* const begin = c10::GetCPUAllocator()->raw_allocate(size);
    absl::MutexLock lock(&mutex_);
    sizes_[static_cast<const char*>(begin)] = size;
    return {begin, begin, &Free, c10::Device(c10::kCPU)};
  }

  bool Holds(const void* address) ABSL_LOCKS_EXCLUDED(mutex_) {
    const auto* const wanted = static_cast<const char*>(address);
    absl::MutexLock lock(&mutex_);
    const auto after = sizes_.upper_bound(wanted);
    if (after == sizes_.begin()) return false;
    const auto [begin, size] = *std::prev(after);
    return wanted < begin + size;
  }

  c10::DeleterFnPtr raw_deleter() const override { return &Free; }
  void copy_data(void* to, const void* from, size_t size) const override {
    default_copy_data(to, from, size);
  }

 private:
  static void Free(void* begin) {
    PinnedMemory& memory = Get();
    {
      absl::MutexLock lock(&memory.mutex_);
      memory.sizes_.erase(static_cast<const char*>(begin));
    }
    c10::GetCPUAllocator()->raw_deallocate(begin);
  }

  absl::Mutex mutex_;
  std::map<const char*, size_t> sizes_ ABSL_GUARDED_BY(mutex_);
};

// A copy's source, as it was when the copy was asked for, and destination.
using Pending = std::pair<at::Tensor, at::Tensor>;

struct PendingCopies {
  absl::Mutex mutex;
  std::map<c10::StreamId, std::vector<Pending>> of_stream
      ABSL_GUARDED_BY(mutex);
};

std::atomic<int64_t> waits{0};

thread_local int running_kernels = 0;

PendingCopies& Copies() {
  static PendingCopies* const copies = new PendingCopies;
  return *copies;
}

std::map<c10::DeviceIndex, c10::Stream>& CurrentStreams() {
  thread_local std::map<c10::DeviceIndex, c10::Stream> streams;
  return streams;
}

}  // namespace

c10::Stream CurrentFakeStream(c10::Device device) {
  const auto found = CurrentStreams().find(device.index());
  if (found != CurrentStreams().end()) return found->second;
  return c10::Stream(c10::Stream::DEFAULT, device);
}

c10::Stream ExchangeFakeStream(c10::Stream stream) {
  const c10::Stream before = CurrentFakeStream(stream.device());
  CurrentStreams().insert_or_assign(stream.device_index(), stream);
  return before;
}

c10::Stream NewFakeStream(c10::Device device) {
  static std::atomic<c10::StreamId> last{0};
  return c10::Stream(c10::Stream::UNSAFE, device, ++last);
}

c10::Allocator* FakePinnedAllocator() { return &PinnedMemory::Get(); }

bool IsFakePinned(const void* address) {
  return PinnedMemory::Get().Holds(address);
}

void CopyLater(c10::Stream stream, const at::Tensor& from,
               const at::Tensor& to) {
  const at::Tensor now = from.clone();
  std::memset(to.mutable_data_ptr(), 0xff, to.nbytes());
  absl::MutexLock lock(&Copies().mutex);
  Copies().of_stream[stream.id()].emplace_back(now, to);
}

int64_t FakeGpuWaits() { return waits; }

void AwaitFakeStream(c10::Stream stream) {
  ++waits;
  std::vector<Pending> pending;
  {
    absl::MutexLock lock(&Copies().mutex);
    pending.swap(Copies().of_stream[stream.id()]);
  }
  for (const auto& [from, to] : pending) to.copy_(from);
}

FakeKernel::FakeKernel() { ++running_kernels; }
FakeKernel::~FakeKernel() { --running_kernels; }
bool FakeKernel::IsRunning() { return running_kernels > 0; }

}  // namespace transformerd
