#include "model/reference/tensor_memory.h"

#include <ATen/Context.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/TensorOptions.h>

#include <mutex>

#include "absl/strings/str_cat.h"
#include "model/base/error_details.h"
#include "model/reference/tensors.h"

namespace transformerd {
namespace {

class TensorMemory : public DeviceMemory {
 public:
  explicit TensorMemory(const Device& device) : device_(device) {}

  absl::Status Allocate(int64_t size_bytes) override {
    const absl::Status allocated = CatchTorch([&] {
      memory_ =
          at::empty({size_bytes},
                    at::TensorOptions(at::kByte).device(AtDeviceOf(device_)));
      return absl::OkStatus();
    });
    return Annotate(allocated, absl::StrCat("weights of ", size_bytes,
                                            " bytes on ", NameOf(device_)));
  }

  absl::Span<std::byte> bytes() const override {
    return absl::MakeSpan(static_cast<std::byte*>(memory_.mutable_data_ptr()),
                          memory_.nbytes());
  }

  absl::Status Write(int64_t offset_bytes,
                     absl::Span<const std::byte> bytes) override {
    const auto size = static_cast<int64_t>(bytes.size());
    const absl::Status written = CatchTorch([&] {
      // from_blob wants a mutable pointer; the source is only read.
      const at::Tensor host = at::from_blob(
          const_cast<std::byte*>(bytes.data()), {size}, at::kByte);
      // Not non_blocking, so that it returns when the bytes are there.
      memory_.narrow(0, offset_bytes, size).copy_(host);
      return absl::OkStatus();
    });
    return Annotate(written, NameOf(device_));
  }

 private:
  const Device device_;
  at::Tensor memory_;
};

}  // namespace

std::unique_ptr<DeviceMemory> MakeTensorMemory(const Device& device) {
  // Else cuDNN multiplies float32 in convolutions with 10 bits behind the
  // point. Nothing runs on GPUs before the first of them is loaded onto.
  static std::once_flag once;
  std::call_once(once, [] { at::globalContext().setAllowTF32CuDNN(false); });
  return std::make_unique<TensorMemory>(device);
}

absl::StatusOr<int64_t> FreeMemoryOf(const Device& device) {
  return CatchTorch([&]() -> absl::StatusOr<int64_t> {
    const at::Device at_device = AtDeviceOf(device);
    c10::DeviceAllocator* const allocator =
        c10::getDeviceAllocator(at_device.type());
    const auto stats = allocator->getDeviceStats(at_device.index());
    constexpr auto kAll =
        static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE);
    return static_cast<int64_t>(
               allocator->getMemoryInfo(at_device.index()).first) +
           stats.reserved_bytes[kAll].current -
           stats.allocated_bytes[kAll].current;
  });
}

}  // namespace transformerd
