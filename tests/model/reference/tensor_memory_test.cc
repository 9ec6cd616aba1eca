#include "model/reference/tensor_memory.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>

#include <cstddef>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr Device kGpu = {DeviceKind::kCuda, 1};

absl::Span<const std::byte> BytesOf(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

std::string TextOf(const DeviceMemory& memory) {
  const auto size = static_cast<int64_t>(memory.bytes().size());
  const at::Device device(at::kCUDA, 1);
  const at::Tensor text =
      at::for_blob(memory.bytes().data(), {size})
          .options(at::TensorOptions(at::kByte).device(device))
          .target_device(device)
          .make_tensor()
          .to(at::kCPU);
  return std::string(static_cast<const char*>(text.const_data_ptr()), size);
}

TEST(TensorMemoryTest, HoldsWhatIsWrittenToThePlacesOfIt) {
  const auto memory = MakeTensorMemory(kGpu);
  ASSERT_THAT(memory->Allocate(9), IsOk());
  EXPECT_THAT(memory->Write(4, BytesOf("right")), IsOk());
  EXPECT_THAT(memory->Write(0, BytesOf("wrong")), IsOk());
  EXPECT_THAT(memory->Write(0, BytesOf("left")), IsOk());
  EXPECT_EQ(TextOf(*memory), "leftgight");
}

TEST(TensorMemoryTest, MayBeOfNoBytes) {
  const auto memory = MakeTensorMemory(kGpu);
  EXPECT_THAT(memory->Allocate(0), IsOk());
  EXPECT_TRUE(memory->bytes().empty());
}

TEST(TensorMemoryTest, WhatIsTakenIsNotFree) {
  ASSERT_OK_AND_ASSIGN(const int64_t before, FreeMemoryOf(kGpu));
  const auto memory = MakeTensorMemory(kGpu);
  ASSERT_THAT(memory->Allocate(1000), IsOk());
  EXPECT_THAT(FreeMemoryOf(kGpu), IsOkAndHolds(before - 1000));
}

TEST(TensorMemoryTest, SaysWhatTheDeviceHasNotGot) {
  EXPECT_THAT(
      MakeTensorMemory(kGpu)->Allocate(int64_t{1} << 60),
      AllOf(StatusIs(absl::StatusCode::kResourceExhausted,
                     AllOf(HasSubstr("weights of 1152921504606846976 bytes on "
                                     "cuda:1"),
                           HasSubstr("the fake GPU has not got"))),
            HasReason(Reason::kResourceLimit)));
}

}  // namespace
}  // namespace transformerd
