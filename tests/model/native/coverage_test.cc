#include "model/native/coverage.h"

#include <optional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace transformerd {
namespace {

using ::testing::HasSubstr;
using ::testing::Optional;

Architecture SmallArchitecture() {
  Architecture architecture;
  architecture.hidden_size = 8;
  architecture.stack.num_hidden_layers = 1;
  architecture.stack.num_attention_heads = 2;
  architecture.stack.head_size = 4;
  architecture.stack.intermediate_size = 16;
  return architecture;
}

TEST(CoverageTest, EncodersAndDecodersOfItsDtypesAreRun) {
  Architecture architecture = SmallArchitecture();
  for (const bool causal : {false, true}) {
    architecture.stack.block.attention.causal = causal;
    for (const DType dtype : {DType::kF32, DType::kBF16, DType::kI8}) {
      EXPECT_EQ(WhyNotNative(architecture, dtype), std::nullopt);
    }
  }
}

TEST(CoverageTest, OtherDtypesAreNot) {
  EXPECT_THAT(WhyNotNative(SmallArchitecture(), DType::kF16),
              Optional(HasSubstr("not in F16")));
}

TEST(CoverageTest, RowsWhoseSumsDoNotFitAreNotRunInInt8) {
  Architecture architecture = SmallArchitecture();
  architecture.decoder = architecture.stack;
  architecture.decoder->intermediate_size = 65536;
  EXPECT_EQ(WhyNotNative(architecture, DType::kI8), std::nullopt);

  architecture.decoder->intermediate_size = 65537;

  EXPECT_EQ(WhyNotNative(architecture, DType::kBF16), std::nullopt);
  EXPECT_THAT(WhyNotNative(architecture, DType::kI8),
              Optional(HasSubstr("65536 inputs, not 65537")));
}

TEST(CoverageTest, AnEncoderWithADecoderIsRunWhereBothAre) {
  Architecture architecture = SmallArchitecture();
  architecture.decoder = architecture.stack;
  architecture.decoder->block.cross_attention = true;
  EXPECT_EQ(WhyNotNative(architecture, DType::kF32), std::nullopt);

  architecture.decoder->head_size = 1025;

  EXPECT_THAT(WhyNotNative(architecture, DType::kF32),
              Optional(HasSubstr("wider")));
}

TEST(CoverageTest, ModulesOfOtherToolkitsAreNot) {
  Architecture module = SmallArchitecture();
  module.seed.emplace();
  Architecture composed = SmallArchitecture();
  composed.parts.push_back(module);
  for (const Architecture& architecture : {module, composed}) {
    EXPECT_THAT(WhyNotNative(architecture, DType::kF32),
                Optional(HasSubstr("AllenNLP")));
  }
}

TEST(CoverageTest, ABiasBehindASoftcapIsNot) {
  Architecture architecture = SmallArchitecture();
  architecture.head.late_bias = true;
  EXPECT_EQ(WhyNotNative(architecture, DType::kF32), std::nullopt);

  architecture.head.softcap = 30;

  EXPECT_THAT(WhyNotNative(architecture, DType::kF32),
              Optional(HasSubstr("capped")));
}

TEST(CoverageTest, NormedExpertsAreNot) {
  Architecture architecture = SmallArchitecture();
  architecture.stack.block.mlp.num_experts = 4;
  EXPECT_EQ(WhyNotNative(architecture, DType::kF32), std::nullopt);

  architecture.stack.block.norm_placement = NormPlacement::kSandwich;

  EXPECT_THAT(WhyNotNative(architecture, DType::kF32),
              Optional(HasSubstr("experts")));
}

TEST(CoverageTest, WhatDebertaAddsIsRun) {
  Architecture architecture = SmallArchitecture();
  architecture.stack.disentangled.emplace();
  architecture.stack.convolution.emplace();
  architecture.stack.embedding.masked_as_zeros = true;
  architecture.stack.block.attention.masked_see_all = true;

  for (const DType dtype : {DType::kF32, DType::kBF16, DType::kI8}) {
    EXPECT_EQ(WhyNotNative(architecture, dtype), std::nullopt);
  }
}

TEST(CoverageTest, HeadsAreNormedByRmsNormAlone) {
  Architecture architecture = SmallArchitecture();
  NormRecipe& norm = architecture.stack.block.attention.head_norm.emplace();
  norm.kind = NormKind::kRmsNorm;
  EXPECT_EQ(WhyNotNative(architecture, DType::kF32), std::nullopt);

  norm.kind = NormKind::kLayerNorm;

  EXPECT_THAT(WhyNotNative(architecture, DType::kF32),
              Optional(HasSubstr("layer norms")));
}

TEST(CoverageTest, HeadsHaveAWidestSize) {
  Architecture architecture = SmallArchitecture();
  architecture.stack.head_size = 1024;
  EXPECT_EQ(WhyNotNative(architecture, DType::kF32), std::nullopt);

  architecture.stack.head_size = 1025;

  EXPECT_THAT(WhyNotNative(architecture, DType::kF32),
              Optional(HasSubstr("wider than 1024")));
}

}  // namespace
}  // namespace transformerd
