#include "model/kernels/instruction_set.h"

#include <optional>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace transformerd::kernels {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

CpuFeatures AllFeatures() {
  CpuFeatures features;
  features.avx2 = features.fma = true;
  features.avx512f = features.avx512bw = true;
  features.avx512dq = features.avx512vl = true;
  features.avx512vnni = features.avx512bf16 = true;
  features.amx_tile = features.amx_bf16 = features.amx_int8 = true;
  return features;
}

CpuFeatures Without(bool CpuFeatures::*feature) {
  CpuFeatures features = AllFeatures();
  features.*feature = false;
  return features;
}

TEST(InstructionSetTest, TheFastestOfAllIsBest) {
  EXPECT_EQ(BestInstructionSet(AllFeatures()), InstructionSet::kAmx);
  EXPECT_THAT(InstructionSets(AllFeatures()),
              ElementsAre(InstructionSet::kAvx2, InstructionSet::kAvx512,
                          InstructionSet::kAvx512Vnni,
                          InstructionSet::kAvx512Bf16, InstructionSet::kAmx));
}

TEST(InstructionSetTest, EachPartOfAmxIsNeeded) {
  for (const auto part : {&CpuFeatures::amx_tile, &CpuFeatures::amx_bf16,
                          &CpuFeatures::amx_int8}) {
    EXPECT_EQ(BestInstructionSet(Without(part)), InstructionSet::kAvx512Bf16);
    EXPECT_THAT(
        InstructionSets(Without(part)),
        ElementsAre(InstructionSet::kAvx2, InstructionSet::kAvx512,
                    InstructionSet::kAvx512Vnni, InstructionSet::kAvx512Bf16));
  }
}

TEST(InstructionSetTest, WithoutProductsOfBFloat16TheyAreMadeOfFloats) {
  const CpuFeatures features = Without(&CpuFeatures::avx512bf16);

  EXPECT_EQ(BestInstructionSet(features), InstructionSet::kAvx512Vnni);
  EXPECT_THAT(InstructionSets(features),
              ElementsAre(InstructionSet::kAvx2, InstructionSet::kAvx512,
                          InstructionSet::kAvx512Vnni));
}

TEST(InstructionSetTest, WithoutProductsOfBytesTheyAreMadeOfInt16) {
  const CpuFeatures features = Without(&CpuFeatures::avx512vnni);

  EXPECT_EQ(BestInstructionSet(features), InstructionSet::kAvx512);
  EXPECT_THAT(InstructionSets(features),
              ElementsAre(InstructionSet::kAvx2, InstructionSet::kAvx512));
}

TEST(InstructionSetTest, EachPartOfAvx512IsNeeded) {
  for (const auto part : {&CpuFeatures::avx512f, &CpuFeatures::avx512bw,
                          &CpuFeatures::avx512dq, &CpuFeatures::avx512vl}) {
    EXPECT_EQ(BestInstructionSet(Without(part)), InstructionSet::kAvx2);
    EXPECT_THAT(InstructionSets(Without(part)),
                ElementsAre(InstructionSet::kAvx2));
  }
}

TEST(InstructionSetTest, NothingRunsWithoutAvx2AndFma) {
  for (const auto part : {&CpuFeatures::avx2, &CpuFeatures::fma}) {
    EXPECT_EQ(BestInstructionSet(Without(part)), std::nullopt);
    EXPECT_THAT(InstructionSets(Without(part)), IsEmpty());
  }
  EXPECT_EQ(BestInstructionSet(CpuFeatures()), std::nullopt);
}

TEST(InstructionSetTest, HasNamesForPeople) {
  EXPECT_EQ(NameOf(InstructionSet::kAvx2), "avx2");
  EXPECT_EQ(NameOf(InstructionSet::kAvx512), "avx512");
  EXPECT_EQ(NameOf(InstructionSet::kAvx512Vnni), "avx512_vnni");
  EXPECT_EQ(NameOf(InstructionSet::kAvx512Bf16), "avx512_bf16");
  EXPECT_EQ(NameOf(InstructionSet::kAmx), "amx");
}

}  // namespace
}  // namespace transformerd::kernels
