#include "tests/fakes/fake_gpu.h"

#include <ATen/EmptyTensor.h>
#include <ATen/core/Tensor.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <ATen/native/CPUFallback.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/unfold_native.h>
#include <ATen/ops/view_native.h>
#include <c10/core/Allocator.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <sys/mman.h>
#include <torch/library.h>

#include <iterator>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "glog/logging.h"
#include "tests/fakes/fake_gpu_graphs.h"
#include "tests/fakes/fake_gpu_streams.h"

namespace transformerd {
namespace {

// Two ranges a block: addresses that nobody may follow, which are the device's,
// and behind them as many for what is in the memory.
class FakeMemory : public c10::DeviceAllocator {
 public:
  static FakeMemory& Get() {
    static FakeMemory* const memory = new FakeMemory;
    return *memory;
  }

  c10::DataPtr allocate(size_t size) override {
    const c10::Device device = current_device();
    absl::MutexLock lock(&mutex_);
    TORCH_CHECK_WITH(OutOfMemoryError, size <= FreeBytes(device.index()),
                     "the fake GPU has not got ", size, " bytes");
    const size_t half = (size / kPageBytes + 1) * kPageBytes;
    void* const begin =
        mmap(nullptr, 2 * half, PROT_NONE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    PCHECK(begin != MAP_FAILED);
    char* const address = static_cast<char*>(begin);
    PCHECK(mprotect(address + half, half, PROT_READ | PROT_WRITE) == 0);
    blocks_[address] = {half, size, device.index()};
    if (FakeRecording* const recording = FakeRecording::Current()) {
      recording->Allocated(begin);
    }
    return {begin, begin, &Free, device};
  }

  // What is behind an address of the device.
  void* Behind(const void* address) ABSL_LOCKS_EXCLUDED(mutex_) {
    char* const wanted = static_cast<char*>(const_cast<void*>(address));
    absl::MutexLock lock(&mutex_);
    const auto after = blocks_.upper_bound(wanted);
    TORCH_CHECK(after != blocks_.begin(), "no memory of the device");
    const auto& [begin, block] = *std::prev(after);
    TORCH_CHECK(wanted < begin + block.half, "no memory of the device");
    return wanted + block.half;
  }

  std::pair<size_t, size_t> getMemoryInfo(c10::DeviceIndex device) override {
    absl::MutexLock lock(&mutex_);
    return {FreeBytes(device), kDeviceBytes};
  }
  // Nothing is kept for later.
  c10::CachingDeviceAllocator::DeviceStats getDeviceStats(
      c10::DeviceIndex /*device*/) override {
    return {};
  }
  void emptyCache(c10::MempoolId_t /*pool*/) override {}
  void recordStream(const c10::DataPtr& /*data*/,
                    c10::Stream /*stream*/) override {}
  void resetAccumulatedStats(c10::DeviceIndex /*device*/) override {}
  void resetPeakStats(c10::DeviceIndex /*device*/) override {}
  bool initialized() override { return true; }

  c10::DeleterFnPtr raw_deleter() const override { return &Free; }
  void copy_data(void* to, const void* from, size_t size) const override {
    default_copy_data(Get().Behind(to), Get().Behind(from), size);
  }

  static c10::Device current_device() { return {c10::kCUDA, current_index}; }
  static thread_local c10::DeviceIndex current_index;

 private:
  static constexpr size_t kPageBytes = 4096;
  static constexpr size_t kDeviceBytes = size_t{1} << 33;

  struct Block {
    size_t half;  // of its addresses
    size_t size;
    c10::DeviceIndex device;
  };

  size_t FreeBytes(c10::DeviceIndex device) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    size_t free = kDeviceBytes;
    for (const auto& [begin, block] : blocks_) {
      if (block.device == device) free -= block.size;
    }
    return free;
  }

  static void Free(void* begin) {
    FakeMemory& memory = Get();
    absl::MutexLock lock(&memory.mutex_);
    const auto found = memory.blocks_.find(static_cast<char*>(begin));
    PCHECK(munmap(begin, 2 * found->second.half) == 0);
    memory.blocks_.erase(found);
  }

  absl::Mutex mutex_;
  std::map<char*, Block> blocks_ ABSL_GUARDED_BY(mutex_);
};

thread_local c10::DeviceIndex FakeMemory::current_index = 0;

class FakeGuard : public c10::impl::NoOpDeviceGuardImpl<c10::kCUDA> {
 public:
  c10::Device exchangeDevice(c10::Device device) const override {
    const c10::Device before = getDevice();
    setDevice(device);
    return before;
  }
  c10::Device getDevice() const override {
    return FakeMemory::current_device();
  }
  void setDevice(c10::Device device) const override {
    uncheckedSetDevice(device);
  }
  void uncheckedSetDevice(c10::Device device) const noexcept override {
    FakeMemory::current_index = device.index();
  }
  c10::Stream getStream(c10::Device device) const noexcept override {
    return CurrentFakeStream(device);
  }
  c10::Stream getStreamFromGlobalPool(
      c10::Device device, bool /*is_high_priority*/) const override {
    return NewFakeStream(device);
  }
  c10::Stream exchangeStream(c10::Stream stream) const noexcept override {
    return ExchangeFakeStream(stream);
  }
  void synchronizeStream(const c10::Stream& stream) const override {
    AwaitFakeStream(stream);
  }
};

C10_REGISTER_GUARD_IMPL(CUDA, FakeGuard)

const bool register_memory = [] {
  c10::SetAllocator(c10::kCUDA, &FakeMemory::Get());
  return true;
}();

class FakeHooks : public at::CUDAHooksInterface {
 public:
  explicit FakeHooks(at::CUDAHooksArgs /*args*/) {}
  void init() const override {}
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  c10::Allocator* getPinnedMemoryAllocator() const override {
    return FakePinnedAllocator();
  }
  bool isPinnedPtr(const void* address) const override {
    return IsFakePinned(address);
  }
};

const at::RegistererCUDAHooksRegistry register_hooks(
    "CUDAHooks", at::CUDAHooksRegistry(),
    at::RegistererCUDAHooksRegistry::DefaultCreator<FakeHooks>);

at::Tensor Empty(at::IntArrayRef size, std::optional<at::ScalarType> dtype,
                 std::optional<at::Layout> /*layout*/,
                 std::optional<at::Device> device,
                 std::optional<bool> /*pin_memory*/,
                 std::optional<at::MemoryFormat> format) {
  const c10::DeviceGuard guard(*device);
  return at::detail::empty_generic(size, &FakeMemory::Get(),
                                   c10::DispatchKeySet(c10::DispatchKey::CUDA),
                                   c10::dtype_or_default(dtype), format);
}

at::Tensor EmptyStrided(at::IntArrayRef size, at::IntArrayRef stride,
                        std::optional<at::ScalarType> dtype,
                        std::optional<at::Layout> /*layout*/,
                        std::optional<at::Device> device,
                        std::optional<bool> /*pin_memory*/) {
  const c10::DeviceGuard guard(*device);
  return at::detail::empty_strided_generic(
      size, stride, &FakeMemory::Get(),
      c10::DispatchKeySet(c10::DispatchKey::CUDA),
      c10::dtype_or_default(dtype));
}

// A view that the host can follow.
at::Tensor OnHost(const at::Tensor& tensor) {
  if (tensor.is_cpu() || tensor.numel() == 0) return tensor.to(at::kCPU);
  return at::from_blob(FakeMemory::Get().Behind(tensor.const_data_ptr()),
                       tensor.sizes(), tensor.strides(),
                       tensor.options().device(at::kCPU));
}

// The one that moves data: all others go over it.
at::Tensor& Copy(at::Tensor& to, const at::Tensor& from, bool non_blocking) {
  if (to.numel() == 0) return to;
  FakeRecording* const recording = FakeRecording::Current();
  if (recording != nullptr && !FakeKernel::IsRunning()) {
    TORCH_CHECK(!to.is_cpu() && !from.is_cpu(),
                "a graph has no copies from the host, and none to it");
    recording->Add({to}, [source = Borrowed(from)] {
      return std::vector<at::Tensor>{source};
    });
  }
  if (from.is_cpu() || !to.is_cpu()) {
    OnHost(to).copy_(OnHost(from));
  } else if (non_blocking && IsFakePinned(to.const_data_ptr())) {
    CopyLater(CurrentFakeStream(from.device()), OnHost(from), to);
  } else {
    if (!FakeKernel::IsRunning()) {
      AwaitFakeStream(CurrentFakeStream(from.device()));
    }
    to.copy_(OnHost(from));
  }
  return to;
}

// Of outputs that operators find the size of.
at::Tensor CopyAndResize(const at::Tensor& from, const at::Tensor& to) {
  if (from.sizes() != to.sizes()) {
    const at::Tensor sized = at::empty(from.sizes(), to.options());
    c10::TensorImpl* const impl = to.unsafeGetTensorImpl();
    impl->set_storage_keep_dtype(sized.storage());
    impl->set_sizes_contiguous(sized.sizes());
  }
  to.copy_(from);
  return to;
}

void CheckDevice(const at::Tensor& tensor, std::optional<at::Device>& device,
                 const c10::OperatorHandle& op) {
  if (!tensor.defined() || (tensor.is_cpu() && tensor.dim() == 0)) return;
  if (!device) device = tensor.device();
  TORCH_CHECK(tensor.device() == *device, op.schema().name(), ": tensors of ",
              tensor.device(), " and of ", *device);
}

void CheckDevices(const c10::OperatorHandle& op,
                  const torch::jit::Stack& stack) {
  std::optional<at::Device> device;
  const size_t arguments = op.schema().arguments().size();
  for (size_t i = stack.size() - arguments; i < stack.size(); ++i) {
    const c10::IValue& value = stack[i];
    if (value.isTensor()) {
      CheckDevice(value.toTensor(), device, op);
    } else if (value.isTensorList()) {
      for (const at::Tensor& tensor : value.toTensorVector()) {
        CheckDevice(tensor, device, op);
      }
    } else if (value.isOptionalTensorList()) {
      for (const auto& tensor : value.toOptionalTensorVector()) {
        if (tensor) CheckDevice(*tensor, device, op);
      }
    }
  }
}

// The device waits for the host in these, which cannot be captured.
void CheckNeedsNoHost(const c10::OperatorHandle& op) {
  static const auto* const names =
      new std::set<std::string>{"aten::_local_scalar_dense", "aten::equal",
                                "aten::masked_select", "aten::nonzero"};
  TORCH_CHECK(names->count(op.schema().name()) == 0, op.schema().name(),
              ": a graph has nothing that the host is to know");
}

// The last values of a stack.
torch::jit::Stack Top(const torch::jit::Stack& stack, size_t size) {
  return torch::jit::Stack(stack.end() - static_cast<ptrdiff_t>(size),
                           stack.end());
}

std::vector<at::Tensor> TensorsIn(const torch::jit::Stack& values) {
  std::vector<at::Tensor> tensors;
  for (const c10::IValue& value : values) {
    if (value.isTensor()) tensors.push_back(value.toTensor());
    TORCH_CHECK(!value.isTensorList(), "the fake's graphs have no lists");
  }
  return tensors;
}

void RunOnCpu(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  CheckDevices(op, *stack);
  const auto run = [op](torch::jit::Stack* values) {
    const FakeKernel kernel;
    at::native::cpu_fallback(op, values, /*error_on_views=*/true);
    return TensorsIn(Top(*values, op.schema().returns().size()));
  };
  FakeRecording* const recording = FakeRecording::Current();
  torch::jit::Stack arguments;
  if (recording != nullptr) {
    CheckNeedsNoHost(op);
    for (const c10::IValue& value :
         Top(*stack, op.schema().arguments().size())) {
      arguments.push_back(Borrowed(value));
    }
  }
  const std::vector<at::Tensor> outputs = run(stack);
  if (recording == nullptr) return;
  recording->Add(outputs, [run, arguments] {
    torch::jit::Stack values;
    for (const c10::IValue& value : arguments) {
      values.push_back(Borrowed(value));
    }
    return run(&values);
  });
}

}  // namespace

TORCH_LIBRARY_IMPL(_, CUDA, library) {
  library.fallback(torch::CppFunction::makeFromBoxedFunction<&RunOnCpu>());
}

TORCH_LIBRARY_IMPL(aten, CUDA, library) {
  library.impl("empty.memory_format", &Empty);
  library.impl("empty_strided", &EmptyStrided);
  library.impl("as_strided", &at::native::as_strided_tensorimpl);
  library.impl("view", &at::native::view);
  library.impl("_reshape_alias", &at::native::_reshape_alias);
  library.impl("unfold", &at::native::unfold);
  library.impl("copy_", &Copy);
  library.impl("_copy_from_and_resize", &CopyAndResize);
}

}  // namespace transformerd
