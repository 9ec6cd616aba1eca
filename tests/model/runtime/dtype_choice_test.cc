#include "model/runtime/dtype_choice.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

constexpr Device kCpu, kGpu = {DeviceKind::kCuda, 0};

CheckpointEntry Entry(DType dtype, int64_t size_bytes) {
  CheckpointEntry entry;
  entry.dtype = dtype;
  entry.size_bytes = size_bytes;
  return entry;
}

TEST(DTypeChoiceTest, MostBytesOfFloatingPointPrevail) {
  EXPECT_EQ(PrevailingDType({}), DType::kF32);
  const std::vector<CheckpointEntry> entries = {
      Entry(DType::kI64, 100), Entry(DType::kF32, 6), Entry(DType::kBF16, 4),
      Entry(DType::kBF16, 4)};
  EXPECT_EQ(PrevailingDType(entries), DType::kBF16);
}

TEST(DTypeChoiceTest, ReadsTheConfigsByEitherName) {
  const auto of = [](const char* json) {
    return DTypeOfConfig(*ConfigReader::Parse(json, "config.json"));
  };
  EXPECT_EQ(*of("{}"), DType::kF32);
  EXPECT_EQ(*of(R"({"dtype": "float16"})"), DType::kF16);
  EXPECT_EQ(*of(R"({"torch_dtype": "bfloat16"})"), DType::kBF16);
  EXPECT_THAT(of(R"({"dtype": 16})").status(), testing::Not(IsOk()));
}

TEST(DTypeChoiceTest, ADeviceKeepsWhatItComputesIn) {
  kernels::CpuFeatures bfloat16;
  bfloat16.avx512bf16 = true;
  struct Case {
    DType file, on_plain_cpu, on_bfloat16_cpu, on_gpu;
  };
  const Case cases[] = {
      {DType::kF16, DType::kF32, DType::kBF16, DType::kF16},
      {DType::kBF16, DType::kBF16, DType::kBF16, DType::kBF16},
      {DType::kF32, DType::kF32, DType::kF32, DType::kF32},
      {DType::kF64, DType::kF32, DType::kF32, DType::kF32},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(DTypeOn(kCpu, c.file, {}), c.on_plain_cpu);
    EXPECT_EQ(DTypeOn(kCpu, c.file, bfloat16), c.on_bfloat16_cpu);
    EXPECT_EQ(DTypeOn(kGpu, c.file, {}), c.on_gpu);
  }
}

}  // namespace
}  // namespace transformerd
