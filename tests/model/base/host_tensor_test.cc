#include "model/base/host_tensor.h"

#include <cstdint>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(HostTensorTest, StartsAsZeros) {
  const HostTensor tensor(DType::kF32, {2, 2});

  EXPECT_EQ(tensor.bytes, std::string(16, '\0'));
  EXPECT_THAT(tensor.as<float>(), ElementsAre(0, 0, 0, 0));
}

TEST(HostTensorTest, IsEmptyByDefault) {
  const HostTensor tensor;

  EXPECT_EQ(tensor.shape, Shape({0}));
  EXPECT_THAT(tensor.as<float>(), IsEmpty());
}

TEST(HostTensorTest, ElementsAreWrittenInPlace) {
  HostTensor tensor(DType::kI64, {2});

  tensor.as<int64_t>()[1] = 7;

  EXPECT_THAT(tensor.as<int64_t>(), ElementsAre(0, 7));
}

TEST(MakeTensorTest, TakesTheDTypeFromTheValues) {
  const std::vector<float> floats = {1, 2};
  const std::vector<int64_t> longs = {3};
  const std::vector<int32_t> ints = {4, 5, 6};

  EXPECT_EQ(MakeTensor({2}, floats).dtype, DType::kF32);
  EXPECT_EQ(MakeTensor({1}, longs).dtype, DType::kI64);
  EXPECT_EQ(MakeTensor({3}, ints).dtype, DType::kI32);
  EXPECT_THAT(MakeTensor({2}, floats).as<float>(), ElementsAre(1, 2));
}

TEST(HostTensorDeathTest, ChecksSizes) {
  const std::vector<float> floats = {1, 2};

  EXPECT_DEATH(HostTensor(DType::kF32, {-1}), "has no size");
  EXPECT_DEATH(MakeTensor({3}, floats), "\\[3\\]");
  EXPECT_DEATH(HostTensor(DType::kF32, {1}).as<int64_t>(), "");
}

}  // namespace
}  // namespace transformerd
