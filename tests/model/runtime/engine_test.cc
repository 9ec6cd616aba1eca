#include "model/runtime/engine.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

Architecture SmallArchitecture() {
  Architecture architecture;
  architecture.class_name = "SmallModel";
  architecture.stack.head_size = 4;
  return architecture;
}

Architecture UnsupportedArchitecture() {
  Architecture architecture = SmallArchitecture();
  NormRecipe& norm = architecture.stack.block.attention.head_norm.emplace();
  norm.kind = NormKind::kLayerNorm;
  return architecture;
}

kernels::CpuFeatures Avx2() {
  kernels::CpuFeatures features;
  features.avx2 = features.fma = true;
  return features;
}

EngineOptions OptionsOf(EngineKind kind, bool deterministic = false) {
  return {kind, deterministic};
}

TEST(EngineTest, IsNativeWhereItRunsTheModel) {
  for (const EngineKind kind : {EngineKind::kAuto, EngineKind::kNative}) {
    for (const bool deterministic : {false, true}) {
      ASSERT_OK_AND_ASSIGN(
          const Engine engine,
          Engine::Choose(OptionsOf(kind, deterministic), SmallArchitecture(),
                         DType::kF32, Device(), Avx2()));
      EXPECT_THAT(engine.properties(),
                  ElementsAre(Pair("engine", "native"),
                              Pair("instruction_set", "avx2")));
    }
  }
}

TEST(EngineTest, TakesTheFastestInstructions) {
  kernels::CpuFeatures features = Avx2();
  features.avx512f = features.avx512bw = true;
  features.avx512dq = features.avx512vl = true;

  ASSERT_OK_AND_ASSIGN(const Engine engine,
                       Engine::Choose({}, SmallArchitecture(), DType::kBF16,
                                      Device(), features));

  EXPECT_THAT(
      engine.properties(),
      ElementsAre(Pair("engine", "native"), Pair("instruction_set", "avx512")));
}

TEST(EngineTest, IsTheReferenceWithTheReasonWhereItIsNotNative) {
  struct Case {
    EngineKind kind;
    Architecture architecture;
    DType dtype;
    kernels::CpuFeatures features;
    const char* reason;
    Device device = {};
  };
  const Case cases[] = {
      {EngineKind::kReference, SmallArchitecture(), DType::kF32, Avx2(),
       "asked for"},
      {EngineKind::kAuto, SmallArchitecture(), DType::kF32, {}, "no AVX2"},
      {EngineKind::kAuto, SmallArchitecture(), DType::kF16, Avx2(),
       "not in F16"},
      {EngineKind::kAuto, UnsupportedArchitecture(), DType::kF32, Avx2(),
       "layer norms"},
      {EngineKind::kAuto, SmallArchitecture(), DType::kF32, Avx2(),
       "on the CPU alone", Device{DeviceKind::kCuda, 0}},
  };
  for (const Case& c : cases) {
    ASSERT_OK_AND_ASSIGN(const Engine engine,
                         Engine::Choose(OptionsOf(c.kind), c.architecture,
                                        c.dtype, c.device, c.features));
    EXPECT_THAT(engine.properties(),
                ElementsAre(Pair("engine", "reference"),
                            Pair("why_not_native", HasSubstr(c.reason))));
  }
}

TEST(EngineTest, Int8ComputesAllElseInWhatTheProcessorMultipliesBest) {
  for (const bool has_bfloat16 : {false, true}) {
    kernels::CpuFeatures features = Avx2();
    features.avx512bf16 = has_bfloat16;

    ASSERT_OK_AND_ASSIGN(const Engine engine,
                         Engine::Choose({}, SmallArchitecture(), DType::kI8,
                                        Device(), features));

    EXPECT_EQ(engine.parameter_dtype(),
              has_bfloat16 ? DType::kBF16 : DType::kF32);
    EXPECT_THAT(
        engine.properties(),
        ElementsAre(Pair("compute_dtype", has_bfloat16 ? "BF16" : "F32"),
                    Pair("engine", "native"), Pair("instruction_set", "avx2")));
  }
}

TEST(EngineTest, Int8IsRefusedWhereTheReferenceWouldRun) {
  const EngineOptions reference = OptionsOf(EngineKind::kReference);

  for (const auto& engine :
       {Engine::Choose(reference, SmallArchitecture(), DType::kI8, Device(),
                       Avx2()),
        Engine::Choose({}, UnsupportedArchitecture(), DType::kI8, Device(),
                       Avx2()),
        Engine::Choose({}, SmallArchitecture(), DType::kI8, Device(), {})}) {
    EXPECT_THAT(engine,
                AllOf(StatusIs(absl::StatusCode::kFailedPrecondition,
                               AllOf(HasSubstr("I8"), HasSubstr("SmallModel"))),
                      HasReason(Reason::kUnsupported)));
  }
}

TEST(EngineTest, NativeIsRefusedWhereItCannotBe) {
  const EngineOptions native = OptionsOf(EngineKind::kNative);

  const auto of_processor =
      Engine::Choose(native, SmallArchitecture(), DType::kF32, Device(), {});
  const auto of_model = Engine::Choose(native, UnsupportedArchitecture(),
                                       DType::kF32, Device(), Avx2());

  EXPECT_THAT(of_processor,
              AllOf(StatusIs(absl::StatusCode::kFailedPrecondition,
                             AllOf(HasSubstr("does not run SmallModel"),
                                   HasSubstr("the processor has no AVX2"))),
                    HasReason(Reason::kUnsupported)));
  EXPECT_THAT(of_model,
              AllOf(StatusIs(absl::StatusCode::kFailedPrecondition,
                             AllOf(HasSubstr("does not run SmallModel"),
                                   HasSubstr("its heads have layer norms"))),
                    HasReason(Reason::kUnsupported)));
}

TEST(EngineTest, DeterminismIsRefusedWhereTheReferenceWouldRun) {
  for (const EngineKind kind : {EngineKind::kAuto, EngineKind::kReference}) {
    EXPECT_THAT(
        Engine::Choose(OptionsOf(kind, /*deterministic=*/true),
                       kind == EngineKind::kAuto ? UnsupportedArchitecture()
                                                 : SmallArchitecture(),
                       DType::kF32, Device(), Avx2()),
        AllOf(StatusIs(
                  absl::StatusCode::kFailedPrecondition,
                  AllOf(HasSubstr("deterministic"), HasSubstr("SmallModel"))),
              HasReason(Reason::kUnsupported)));
  }
}

}  // namespace
}  // namespace transformerd
