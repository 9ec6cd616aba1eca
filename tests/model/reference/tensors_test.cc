#include "model/reference/tensors.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>
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
  EXPECT_TRUE(copy.to(at::kCPU).equal(at::tensor({3.f, 1.f}).view({1, 2})));
}

TEST(TensorsTest, TensorsOfAllDtypesGoToADeviceTogether) {
  const std::vector<at::Tensor> host = {
      at::tensor({int64_t{5}, int64_t{6}, int64_t{7}}), at::empty({0}),
      at::tensor({1, 0, 1}).to(at::kBool), at::tensor({int32_t{9}}),
      at::tensor({1.f, 2.f, 3.f, 4.f}).view({2, 2}).t()};

  const std::vector<at::Tensor> there = ToDevice(host, AtDeviceOf(kGpu));

  ASSERT_EQ(there.size(), host.size());
  for (size_t i = 0; i < host.size(); ++i) {
    EXPECT_EQ(there[i].device(), AtDeviceOf(kGpu));
    EXPECT_EQ(there[i].scalar_type(), host[i].scalar_type());
    EXPECT_TRUE(there[i].to(at::kCPU).equal(host[i])) << i;
    EXPECT_EQ(there[i].storage().unsafeGetStorageImpl(),
              there[0].storage().unsafeGetStorageImpl());
  }
}

TEST(TensorsTest, ASlotIsATensorOfItsDevice) {
  ParameterSlot slot("weight", DType::kF16, {2, 3}, Initializer::kZeros);
  const at::Tensor memory =
      at::zeros({6}, at::TensorOptions(at::kHalf).device(AtDeviceOf(kGpu)));
  slot.Fill(static_cast<std::byte*>(memory.mutable_data_ptr()), kGpu);

  const at::Tensor tensor = TensorOf(slot);

  EXPECT_EQ(tensor.device(), AtDeviceOf(kGpu));
  EXPECT_EQ(tensor.scalar_type(), at::kHalf);
  EXPECT_THAT(tensor.sizes(), ElementsAre(2, 3));
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
