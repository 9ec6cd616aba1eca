#include "model/reference/tensors.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/zeros.h>
#include <c10/core/TensorOptions.h>

#include <cstddef>
#include <new>
#include <stdexcept>
#include <vector>

#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr Device kGpu = {DeviceKind::kCuda, 1};

TEST(TensorsTest, TheCpuTakesHostTensorsAsTheyAre) {
  const std::vector<int64_t> values = {3, 1};
  const at::Tensor host = TensorOf(absl::MakeConstSpan(values));
  EXPECT_TRUE(ToDevice(host, AtDeviceOf(Device())).is_same(host));
}

TEST(TensorsTest, AnotherDeviceGetsACopyThatOutlivesTheValues) {
  std::vector<float> values = {3, 1};
  const at::Tensor copy =
      ToDevice(TensorOf(absl::MakeConstSpan(values), 2), AtDeviceOf(kGpu));
  values = {0, 0};
  EXPECT_EQ(copy.device(), at::Device(at::kCUDA, 1));
  EXPECT_THAT(ToHostTensor(copy).as<float>(), ElementsAre(3, 1));
}

TEST(TensorsTest, ASlotIsATensorOfItsDevice) {
  ParameterSlot slot("weight", DType::kF16, {2, 3}, Initializer::kZeros);
  const at::Tensor memory =
      at::zeros({6}, at::TensorOptions(at::kHalf).device(AtDeviceOf(kGpu)));
  slot.Fill(static_cast<std::byte*>(memory.mutable_data_ptr()), kGpu);

  const at::Tensor tensor = TensorOf(slot);

  EXPECT_EQ(tensor.device(), AtDeviceOf(kGpu));
  EXPECT_EQ(tensor.scalar_type(), at::kHalf);
  EXPECT_THAT(ToHostTensor(tensor).shape, ElementsAre(2, 3));
}

TEST(TensorsTest, ExceptionsBecomeStatuses) {
  EXPECT_THAT(CatchTorch([]() -> absl::Status { throw std::bad_alloc(); }),
              AllOf(StatusIs(absl::StatusCode::kResourceExhausted),
                    HasReason(Reason::kResourceLimit)));
  EXPECT_THAT(CatchTorch([]() -> absl::Status {
                TORCH_CHECK_WITH(OutOfMemoryError, false, "8 GiB are free");
                return absl::OkStatus();
              }),
              AllOf(StatusIs(absl::StatusCode::kResourceExhausted,
                             HasSubstr("8 GiB are free")),
                    HasReason(Reason::kResourceLimit)));
  EXPECT_THAT(CatchTorch([]() -> absl::Status {
                TORCH_CHECK(false, "sizes differ");
                return absl::OkStatus();
              }),
              StatusIs(absl::StatusCode::kInternal,
                       HasSubstr("LibTorch: sizes differ")));
  EXPECT_THAT(
      CatchTorch(
          []() -> absl::Status { throw std::runtime_error("something else"); }),
      StatusIs(absl::StatusCode::kInternal, HasSubstr("something else")));
}

}  // namespace
}  // namespace transformerd
