// Every golden case on GPUs: those of the machine with --config=cuda, else two
// of tests/fakes, where a tensor that was left on the CPU and an address that
// the host follows fail as well.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/families/families.h"
#include "model/loading/arena.h"
#include "model/reference/tensor_memory.h"
#include "model/runtime/model_loader.h"
#include "tests/matchers/status_matchers.h"
#include "tests/model/families/golden_case.h"
#include "tests/model/families/seed_case.h"
#include "tests/model/runtime/make_loader.h"

#ifdef FAKE_GPUS
#include "tests/fakes/fake_gpu.h"
#endif

namespace transformerd {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

// The first of a size is launched kernel by kernel, the second captured and
// replayed, the third replayed with inputs that were sent for it.
constexpr int kPasses = 3;

constexpr char kBertBase[] = "tests/testdata/goldens/bert_base/model";

// A worker on each GPU.
ModelLoaderOptions GpuOptions() {
  ModelLoaderOptions options;
  options.devices = {"cuda"};
#ifdef FAKE_GPUS
  options.num_gpus = FAKE_GPUS;
  options.replicas.transport = TransportKind::kInProcess;  // NCCL is not built
#endif
  return options;
}

std::unique_ptr<ModelLoader> MakeGpuLoader(EngineOptions engine = {}) {
  ModelLoaderOptions options = GpuOptions();
  options.engine = engine;
  return MakeLoader(options);
}

void ExpectAnswers(const GoldenCase& golden, const LoadOptions& options) {
  LoadControl control;
  const auto loader = MakeGpuLoader();
  ASSERT_OK_AND_ASSIGN(
      const auto model,
      loader->Load({golden.model_directory, options}, control));
  ASSERT_THAT(golden.probes, Not(IsEmpty()));
  for (const GoldenProbe& probe : golden.probes) {
    for (int worker = 0; worker < loader->num_workers(); ++worker) {
      for (int pass = 0; pass < (worker == 0 ? kPasses : 1); ++pass) {
        EXPECT_THAT(CheckProbe(golden, probe, worker, *model), IsOk())
            << golden.name << " " << probe.name << ", pass " << pass;
      }
    }
  }
}

class GpuFamilyTest : public ::testing::TestWithParam<const Family*> {};

TEST_P(GpuFamilyTest, AnswersAsTransformersDoes) {
  for (const absl::string_view model_type : GetParam()->model_types) {
    ASSERT_OK_AND_ASSIGN(const std::vector<GoldenCase> cases,
                         ReadGoldenCases(std::string(model_type)));
    for (const GoldenCase& golden : cases) {
      LoadOptions options;
      options.architecture = golden.class_name;
      options.dtype = DType::kF32;
      options.strict = !golden.needs_lenient_load;
      ExpectAnswers(golden, options);
    }
  }
}

// As FamilyTest.StaysNearFloat32InLowPrecision on the CPU.
TEST_P(GpuFamilyTest, StaysNearFloat32InHalfPrecision) {
  const std::pair<DType, double> allowed_errors[] = {{DType::kBF16, 0.05},
                                                     {DType::kF16, 0.01}};
  for (const absl::string_view model_type : GetParam()->model_types) {
    ASSERT_OK_AND_ASSIGN(const std::vector<GoldenCase> cases,
                         ReadGoldenCases(std::string(model_type)));
    for (const GoldenCase& golden : cases) {
      for (const auto& [dtype, allowed] : allowed_errors) {
        LoadOptions options;
        options.architecture = golden.class_name;
        options.dtype = dtype;
        options.strict = !golden.needs_lenient_load;
        LoadControl control;
        ASSERT_OK_AND_ASSIGN(
            const auto model,
            MakeGpuLoader()->Load({golden.model_directory, options}, control));
        for (const GoldenProbe& probe : golden.probes) {
          ASSERT_OK_AND_ASSIGN(const double error,
                               RelativeError(probe, /*worker=*/0, *model));
          EXPECT_LE(error, allowed)
              << golden.name << " " << probe.name << " " << NameOf(dtype);
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Families, GpuFamilyTest, ::testing::ValuesIn(AllFamilies()),
    [](const auto& info) -> std::string {
      return absl::StrReplaceAll(info.param->model_types.front(), {{"-", "_"}});
    });

class GpuModuleTest : public ::testing::TestWithParam<SeedCase> {};

TEST_P(GpuModuleTest, AnswersAsAllenNlpDoes) {
  ExpectAnswers(GetParam().golden, GetParam().options);
}

INSTANTIATE_TEST_SUITE_P(Goldens, GpuModuleTest,
                         ::testing::ValuesIn(*ReadSeedCases("allennlp_module")),
                         [](const auto& info) -> std::string {
                           return info.param.golden.name;
                         });

// No golden case has vectors in the place of ids.
TEST(GpuTest, TakesVectorsAsTheCpuDoes) {
  LoadControl control;
  LoadRequest request{kBertBase, {}};
  request.options.dtype = DType::kF32;
  ASSERT_OK_AND_ASSIGN(const auto on_gpu,
                       MakeGpuLoader()->Load(request, control));
  ASSERT_OK_AND_ASSIGN(const auto on_cpu, MakeLoader()->Load(request, control));
  InferenceInput input;
  input.batch = 1;
  input.width = 2;
  input.lengths = {2};
  const int64_t size = on_cpu->architecture().hidden_size;
  for (int64_t i = 0; i < 2 * size; ++i) {
    input.inputs_embeds.push_back(0.01f * static_cast<float>(i % 7));
  }
  input.outputs = {*on_cpu->signature().FindOutput("last_hidden_state")};
  const InferenceInput* batch[] = {&input};

  ASSERT_OK_AND_ASSIGN(const auto got, on_gpu->Run(0, batch));
  ASSERT_OK_AND_ASSIGN(const auto want, on_cpu->Run(0, batch));

  EXPECT_THAT(
      got[0][0].as<float>(),
      testing::Pointwise(testing::FloatNear(1e-5), want[0][0].as<float>()));
}

TEST(GpuTest, TellsWhereTheWeightsAreAndKeepsNoneOnTheHost) {
  const int64_t before = Arena::TotalBytes();
  LoadControl control;
  LoadRequest request{kBertBase, {}};
  MemoryNeed need;
  request.admit = [&need](const MemoryNeed& asked) {
    need = asked;
    return absl::OkStatus();
  };
  const auto loader = MakeGpuLoader();
  const int gpus = loader->num_workers();
  ASSERT_OK_AND_ASSIGN(const PlannedLoad planned, loader->Plan(request));

  ASSERT_OK_AND_ASSIGN(const auto model, loader->Load(request, control));

  const LoadReport& report = model->report();
  EXPECT_EQ(Arena::TotalBytes(), before);
  for (int worker = 0; worker < gpus; ++worker) {
    EXPECT_EQ(loader->device(worker), absl::StrCat("cuda:", worker));
    EXPECT_EQ(report.device_bytes.at(loader->device(worker)),
              report.weight_bytes);
  }
  EXPECT_THAT(report.device_bytes, SizeIs(gpus));
  EXPECT_EQ(planned.device_bytes, report.device_bytes);
  EXPECT_EQ(report.bytes_read, 4 * 26384);
  EXPECT_EQ(report.bytes_broadcast, (gpus - 1) * report.weight_bytes);
  EXPECT_EQ(need.weight_bytes, 0);
  EXPECT_EQ(need.staging_bytes, report.weight_bytes);
  EXPECT_EQ(report.peak_host_bytes, need.total());
  EXPECT_THAT(model->properties().at("devices"), StartsWith("cuda:0"));
  EXPECT_EQ(model->properties().at("engine"), "reference");
}

#ifdef FAKE_GPUS
TEST(GpuTest, ABatchIsWaitedForOnce) {
  LoadControl control;
  ASSERT_OK_AND_ASSIGN(const auto model,
                       MakeGpuLoader()->Load({kBertBase, {}}, control));
  InferenceInput input;
  input.batch = 2;
  input.width = 3;
  input.lengths = {3, 2};
  input.input_ids = {5, 6, 7, 8, 9};
  for (const char* output : {"last_hidden_state", "sentence_embedding"}) {
    input.outputs.push_back(*model->signature().FindOutput(output));
  }
  const InferenceInput* batch[] = {&input};
  const int64_t before = FakeGpuWaits();

  ASSERT_THAT(model->Run(/*worker=*/1, batch), IsOk());

  EXPECT_EQ(FakeGpuWaits() - before, 1);
}

TEST(GpuTest, WhatDoesNotFitIsRefusedBeforeItIsRead) {
  const Device full = {DeviceKind::kCuda, 1};
  ASSERT_OK_AND_ASSIGN(const int64_t free, FreeMemoryOf(full));
  const auto others = MakeTensorMemory(full);
  ASSERT_THAT(others->Allocate(free - 1000), IsOk());
  const auto loader = MakeGpuLoader();
  LoadControl control;

  ASSERT_OK_AND_ASSIGN(const PlannedLoad planned,
                       loader->Plan({kBertBase, {}}));
  EXPECT_EQ(planned.device_free_bytes.at("cuda:1"), 1000);
  EXPECT_THAT(loader->Load({kBertBase, {}}, control),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       HasSubstr(" on cuda:1: 1000 bytes are free there")));
  EXPECT_EQ(control.progress().bytes_done, 0);
}
#endif

TEST(GpuTest, ALimitIsForAllModelsOnAGpu) {
  ModelLoaderOptions options = GpuOptions();
  LoadControl control;
  ASSERT_OK_AND_ASSIGN(const PlannedLoad plan,
                       MakeLoader(options)->Plan({kBertBase, {}}));
  const int64_t bytes = plan.device_bytes.at("cuda:0");
  options.device_memory_limit = 2 * bytes - 1;
  const auto loader = MakeLoader(options);
  ASSERT_OK_AND_ASSIGN(auto first, loader->Load({kBertBase, {}}, control));

  ASSERT_OK_AND_ASSIGN(const PlannedLoad second_plan,
                       loader->Plan({kBertBase, {}}));
  EXPECT_EQ(second_plan.device_free_bytes.at("cuda:0"), bytes - 1);
  LoadControl refused;
  EXPECT_THAT(loader->Load({kBertBase, {}}, refused),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       HasSubstr(absl::StrCat(
                           " on cuda:0: ", bytes - 1, " of the ", 2 * bytes - 1,
                           " bytes of device_memory_limit"))));
  EXPECT_EQ(refused.progress().bytes_done, 0);

  first.reset();
  LoadControl again;
  EXPECT_THAT(loader->Load({kBertBase, {}}, again), IsOk());
}

TEST(GpuTest, ComputesInTheDtypeOfTheCheckpoint) {
  const std::pair<const char*, const char*> cases[] = {
      {"float16", "F16"}, {"bfloat16", "BF16"}, {"float32", "F32"}};
  for (const auto& [name, dtype] : cases) {
    LoadControl control;
    LoadRequest request{kBertBase, {}};
    request.options.load_weights = false;
    request.options.config_override =
        std::string(R"({"dtype": ")") + name + "\"}";
    ASSERT_OK_AND_ASSIGN(const auto model,
                         MakeGpuLoader()->Load(request, control));
    EXPECT_EQ(model->properties().at("dtype"), dtype);
  }
}

TEST(GpuTest, TheNativeEngineIsRefused) {
  EngineOptions native;
  native.kind = EngineKind::kNative;
  LoadControl control;
  EXPECT_THAT(MakeGpuLoader(native)->Load({kBertBase, {}}, control),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("on the CPU alone")));
}

}  // namespace
}  // namespace transformerd
