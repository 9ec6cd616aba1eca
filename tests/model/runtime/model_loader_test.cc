#include "model/runtime/model_loader.h"

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "model/kernels/instruction_set.h"
#include "tests/fakes/fake_clock.h"
#include "tests/matchers/status_matchers.h"
#include "tests/model/runtime/make_loader.h"

namespace transformerd {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr char kBertBase[] = "tests/testdata/goldens/bert_base/model";
constexpr char kMaskedLm[] = "tests/testdata/goldens/bert_masked_lm/model";

InferenceInput OneToken(const LoadedModel& model, absl::string_view output) {
  InferenceInput input;
  input.batch = 1;
  input.width = 1;
  input.input_ids = {1};
  input.lengths = {1};
  input.outputs = {*model.signature().FindOutput(output)};
  return input;
}

TEST(MakeModelLoaderTest, NamesWrongOptions) {
  const auto status_for = [](ModelLoaderOptions options) {
    return MakeModelLoader(options).status();
  };
  ModelLoaderOptions none, tpu, threads, bandwidth;
  none.devices = {};
  tpu.devices = {"cpu", "tpu"};
  threads.threads_per_worker = -1;
  bandwidth.load_bandwidth_limit = -2;

  EXPECT_THAT(status_for(none), StatusIs(absl::StatusCode::kInvalidArgument,
                                         HasSubstr("0 devices")));
  EXPECT_THAT(status_for(tpu), StatusIs(absl::StatusCode::kInvalidArgument,
                                        HasSubstr("\"tpu\"")));
  EXPECT_THAT(status_for(threads),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("-1")));
  EXPECT_THAT(status_for(bandwidth),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("load_bandwidth_limit=-2")));
}

TEST(ModelLoaderTest, SharesOneReplicaBetweenWorkers) {
  ModelLoaderOptions options;
  options.devices = {"cpu", "cpu", "cpu"};
  const auto loader = MakeLoader(options);
  LoadControl control;

  ASSERT_OK_AND_ASSIGN(const auto model,
                       loader->Load({kBertBase, {}}, control));

  const LoadReport& report = model->report();
  EXPECT_EQ(report.replicas, 1);
  EXPECT_EQ(report.bytes_broadcast, 0);
  // 26384 numbers of 4 bytes: each is read once.
  EXPECT_EQ(report.parameters, 26384);
  EXPECT_EQ(report.bytes_read, 4 * 26384);
  const InferenceInput input = OneToken(*model, "last_hidden_state");
  const InferenceInput* batch[] = {&input};
  for (int worker = 0; worker < loader->num_workers(); ++worker) {
    EXPECT_THAT(model->Run(worker, batch), IsOk());
  }
}

TEST(ModelLoaderTest, ReportsThePhasesInTheirOrder) {
  LoadControl control;
  ASSERT_OK_AND_ASSIGN(const auto model,
                       MakeLoader()->Load({kBertBase, {}}, control));
  std::vector<LoadPhase> phases;
  for (const PhaseTime& phase : model->report().phases) {
    phases.push_back(phase.phase);
  }
  EXPECT_THAT(phases, ElementsAre(LoadPhase::kPlan, LoadPhase::kAllocate,
                                  LoadPhase::kStream, LoadPhase::kWarmUp));
}

TEST(ModelLoaderTest, ALoadThatIsNotAdmittedTakesNoMemory) {
  LoadRequest request = {kBertBase, {}};
  request.admit = [](const MemoryNeed&) {
    return absl::ResourceExhaustedError("too much");
  };
  LoadControl control;

  EXPECT_THAT(
      MakeLoader()->Load(request, control),
      StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("too much")));

  EXPECT_EQ(control.progress().phase, LoadPhase::kPlan);
  EXPECT_EQ(control.progress().bytes_done, 0);
}

TEST(ModelLoaderTest, ReadsNoFasterThanAllowed) {
  FakeClock clock;
  ModelLoaderOptions options;
  // Half of what has to be read, of which a tenth comes at once.
  options.load_bandwidth_limit = 2 * 26384;
  options.clock = &clock;
  const auto loader = MakeLoader(options);
  LoadControl control(clock);
  std::thread load([&] {
    EXPECT_THAT(loader->Load({kBertBase, {}}, control), IsOk());
  });
  const absl::Time start = clock.Now();
  while (control.progress().phase != LoadPhase::kDone &&
         clock.Now() - start < absl::Seconds(1.5)) {
    clock.AwaitWaiters(1);
    clock.Advance(absl::Milliseconds(100));
  }
  EXPECT_NE(control.progress().phase, LoadPhase::kDone);
  EXPECT_EQ(control.progress().bytes_done, 0);  // of a bucket that is not full
  clock.AwaitWaiters(1);
  clock.Advance(absl::Seconds(5));
  while (control.progress().phase != LoadPhase::kDone) {
    clock.Advance(absl::Milliseconds(100));
    std::this_thread::yield();
  }
  load.join();
}

TEST(ModelLoaderTest, CountsTiedParametersOnce) {
  const auto loader = MakeLoader();
  LoadControl control;

  ASSERT_OK_AND_ASSIGN(const auto model,
                       loader->Load({kMaskedLm, {}}, control));

  EXPECT_EQ(model->report().bytes_read, 4 * model->report().parameters);
  EXPECT_EQ(model->architecture().class_name, "BertForMaskedLM");
}

TEST(ModelLoaderTest, ReportsProgressToTheEnd) {
  const auto loader = MakeLoader();
  LoadControl control;

  ASSERT_THAT(loader->Load({kBertBase, {}}, control), IsOk());

  const LoadProgress progress = control.progress();
  EXPECT_EQ(progress.phase, LoadPhase::kDone);
  EXPECT_EQ(progress.bytes_done, progress.bytes_total);
  EXPECT_EQ(progress.bytes_total, 4 * 26384);
  EXPECT_EQ(progress.tensors_done, progress.tensors_total);
}

TEST(ModelLoaderTest, EndsWithTheReasonOfACancellation) {
  const auto loader = MakeLoader();
  LoadControl control;
  control.Cancel(absl::CancelledError("nobody waits"));

  EXPECT_THAT(loader->Load({kBertBase, {}}, control),
              StatusIs(absl::StatusCode::kCancelled, "nobody waits"));
}

TEST(ModelLoaderTest, TakesFewerLayersOnlyWhereTheFileHasNoMore) {
  const auto loader = MakeLoader();
  LoadControl control;
  LoadRequest request{kBertBase, {}};
  request.options.num_hidden_layers = 2;

  EXPECT_THAT(loader->Load(request, control),
              HasReason(Reason::kUnexpectedKey));
  request.options.ignore = {"encoder\\.layer\\.2\\."};
  ASSERT_OK_AND_ASSIGN(const auto model, loader->Load(request, control));
  EXPECT_FALSE(model->signature().FindOutput("attentions.2").has_value());
  request.options.num_hidden_layers = 4;
  EXPECT_THAT(loader->Load(request, control),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("num_hidden_layers=4")));
}

TEST(ModelLoaderTest, PoolsAsAsked) {
  const auto loader = MakeLoader();
  LoadControl control;
  LoadRequest request{kBertBase, {}};
  ASSERT_OK_AND_ASSIGN(const auto mean, loader->Load(request, control));
  EXPECT_EQ(mean->properties().at("pooling"), "mean");

  request.options.pooling = PoolingKind::kNone;
  ASSERT_OK_AND_ASSIGN(const auto none, loader->Load(request, control));
  EXPECT_FALSE(none->signature().FindOutput("sentence_embedding").has_value());
}

TEST(ModelLoaderTest, MergesTheOverrideIntoTheConfig) {
  const auto loader = MakeLoader();
  LoadControl control;
  LoadRequest request{kBertBase, {}};
  request.options.config_override = R"({"hidden_size": 64})";

  EXPECT_THAT(loader->Load(request, control),
              HasReason(Reason::kShapeMismatch));
}

TEST(ModelLoaderTest, RefusesDtypesThatItCannotCompute) {
  const auto loader = MakeLoader();
  LoadControl control;
  LoadRequest request{kBertBase, {}};
  request.options.dtype = DType::kI16;

  EXPECT_THAT(loader->Load(request, control),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("I16")));
}

TEST(ModelLoaderTest, Int8IsSaidAndTakesLessMemory) {
  // Wide enough for weights that end in pages of their own.
  constexpr char kWide[] = R"({"hidden_size": 256, "intermediate_size": 1024})";
  const auto loader = MakeLoader();
  LoadControl control;
  LoadRequest request{kBertBase, {}};
  request.options.load_weights = false;
  request.options.config_override = kWide;
  const kernels::CpuFeatures features = kernels::DetectCpuFeatures();
  const DType compute_dtype = features.avx512bf16 ? DType::kBF16 : DType::kF32;
  request.options.dtype = compute_dtype;
  ASSERT_OK_AND_ASSIGN(const auto wide, loader->Load(request, control));
  request.options.dtype = DType::kI8;

  ASSERT_OK_AND_ASSIGN(const auto int8, loader->Load(request, control));

  EXPECT_THAT(
      int8->properties(),
      AllOf(Contains(Pair("dtype", "I8")), Contains(Pair("engine", "native")),
            Contains(Pair("compute_dtype", NameOf(compute_dtype)))));
  // Blocks' weights make up nearly all of such a model.
  const auto share = static_cast<double>(int8->report().weight_bytes) /
                     static_cast<double>(wide->report().weight_bytes);
  EXPECT_LT(share, compute_dtype == DType::kBF16 ? 0.6 : 0.35);
  EXPECT_GT(share, compute_dtype == DType::kBF16 ? 0.5 : 0.25);
  EXPECT_EQ(int8->report().peak_host_bytes, wide->report().peak_host_bytes);
}

TEST(ModelLoaderTest, Int8IsRefusedByNameWhereTheReferenceWouldRun) {
  ModelLoaderOptions options;
  options.engine.kind = EngineKind::kReference;
  const auto loader = MakeLoader(options);
  LoadControl control;
  LoadRequest request{kBertBase, {}};
  request.options.dtype = DType::kI8;

  EXPECT_THAT(
      loader->Load(request, control),
      AllOf(StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("I8")),
            HasReason(Reason::kUnsupported)));
}

TEST(ModelLoaderTest, RefusesAFolderWithoutAConfig) {
  const auto loader = MakeLoader();
  LoadControl control;

  EXPECT_THAT(loader->Load({"tests/testdata/goldens", {}}, control),
              HasReason(Reason::kConfigNotFound));
}

TEST(ModelLoaderTest, BuildsAnArchitectureWithoutWeights) {
  ModelLoaderOptions loader_options;
  loader_options.devices = {"cpu", "cpu"};
  loader_options.replicas.cpu_replicas = CpuReplicas::kPrivate;
  const auto loader = MakeLoader(loader_options);
  LoadControl control;
  LoadRequest request{kBertBase, {}};
  request.options.load_weights = false;
  request.options.config_override =
      R"({"num_hidden_layers": 1, "torch_dtype": "bfloat16", "dtype": null})";

  ASSERT_OK_AND_ASSIGN(const auto model, loader->Load(request, control));

  EXPECT_EQ(model->properties().at("dtype"), "BF16");
  EXPECT_EQ(model->report().bytes_read, 0);
  EXPECT_GT(model->report().weight_bytes, 0);
  EXPECT_TRUE(model->signature().FindOutput("pooler_output").has_value());
  const InferenceInput input = OneToken(*model, "last_hidden_state");
  const InferenceInput* batch[] = {&input};
  ASSERT_OK_AND_ASSIGN(const auto first, model->Run(0, batch));
  ASSERT_OK_AND_ASSIGN(const auto second, model->Run(1, batch));
  EXPECT_EQ(first[0][0].bytes, second[0][0].bytes);
}

TEST(ModelLoaderTest, ReadsTheFileAskedFor) {
  const auto loader = MakeLoader();
  LoadControl control;
  LoadRequest request{kBertBase, {}};
  request.options.weights_path = "model.safetensors";
  EXPECT_THAT(loader->Load(request, control), IsOk());

  request.options.weights_path = "absent.safetensors";
  EXPECT_THAT(loader->Load(request, control),
              HasReason(Reason::kWeightsNotFound));
}

TEST(ModelLoaderTest, TakesCheckpointsOfTheHubAsTheyAre) {
  const auto loader = MakeLoader();
  LoadControl control;
  const std::pair<const char*, const char*> cases[] = {
      {"bert_hub_oddities", "BertForMaskedLM"},
      {"bert_hub_oddities", "BertModel"},
      {"bert_head_ckpt_in_base", "BertModel"},
      {"bert_mlm_ckpt_in_base", "BertModel"},
      {"bert_pretraining", "BertForMaskedLM"},
  };
  for (const auto& [name, model_class] : cases) {
    LoadRequest request{absl::StrCat("tests/testdata/goldens/", name, "/model"),
                        {}};
    request.options.architecture = model_class;
    EXPECT_THAT(loader->Load(request, control), IsOk()) << name;
  }
}

// The file has the word embeddings once more, as the weight of the decoder.
TEST(ModelLoaderTest, TiedCopiesAreReadOnceAndBecomeOne) {
  const auto loader = MakeLoader();
  LoadControl control;
  LoadRequest request{"tests/testdata/goldens/bert_hub_oddities/model", {}};
  request.options.architecture = "BertForMaskedLM";
  ASSERT_OK_AND_ASSIGN(const PlannedLoad planned, loader->Plan(request));
  MemoryNeed admitted;
  request.admit = [&](const MemoryNeed& need) {
    EXPECT_EQ(control.progress().bytes_done, 0);
    admitted = need;
    return absl::OkStatus();
  };

  ASSERT_OK_AND_ASSIGN(const auto model, loader->Load(request, control));

  const LoadReport& report = model->report();
  EXPECT_EQ(planned.parameters - report.parameters, 60 * 32);
  EXPECT_EQ(report.bytes_read, planned.bytes_read);
  EXPECT_EQ(control.progress().bytes_done, planned.bytes_read);
  EXPECT_EQ(admitted.total(), planned.host.total());
  EXPECT_EQ(report.peak_host_bytes, planned.host.total());
  // All of the weight's whole pages.
  EXPECT_LT(report.weight_bytes, planned.weight_bytes);
  EXPECT_EQ(report.device_bytes.at("cpu"), report.weight_bytes);
}

TEST(ModelLoaderTest, InitialisesWhatMayBeMissing) {
  const auto loader = MakeLoader();
  LoadControl control;
  LoadRequest request{"tests/testdata/goldens/bert_base_ckpt_in_head/model",
                      {}};
  request.options.architecture = "BertForSequenceClassification";
  EXPECT_THAT(loader->Load(request, control), HasReason(Reason::kMissingKey));

  request.options.allow_missing = {{"classifier\\."}};
  ASSERT_OK_AND_ASSIGN(const auto model, loader->Load(request, control));

  EXPECT_THAT(model->report().warnings,
              Contains(HasSubstr("2 parameters are not in the checkpoint")));
}

}  // namespace
}  // namespace transformerd
