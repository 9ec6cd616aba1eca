#include "model/runtime/model_loader.h"

#include <memory>
#include <string>

#include "glog/logging.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::HasSubstr;

constexpr char kBertBase[] = "tests/testdata/goldens/bert_base/model";
constexpr char kMaskedLm[] = "tests/testdata/goldens/bert_masked_lm/model";

std::unique_ptr<ModelLoader> MakeLoader(ModelLoaderOptions options = {}) {
  options.threads_per_worker = 1;
  absl::StatusOr<std::unique_ptr<ModelLoader>> loader =
      MakeModelLoader(options);
  CHECK(loader.ok()) << loader.status();
  return *std::move(loader);
}

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
  ModelLoaderOptions none, tpu, threads;
  none.devices = {};
  tpu.devices = {"cpu", "tpu"};
  threads.threads_per_worker = -1;

  EXPECT_THAT(status_for(none), StatusIs(absl::StatusCode::kInvalidArgument,
                                         HasSubstr("0 devices")));
  EXPECT_THAT(status_for(tpu), StatusIs(absl::StatusCode::kInvalidArgument,
                                        HasSubstr("\"tpu\"")));
  EXPECT_THAT(status_for(threads),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("-1")));
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

TEST(MakeModelLoaderTest, SaysWhatIsMissingForAGpu) {
  ModelLoaderOptions cuda, nccl;
  cuda.devices = {"cuda:0"};
  nccl.replicas.transport = TransportKind::kNccl;

  EXPECT_THAT(MakeModelLoader(cuda).status(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("device \"cuda:0\"")));
  EXPECT_THAT(MakeModelLoader(nccl).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("nccl")));
}

TEST(MakeModelLoaderTest, AutoIsOneWorkerOnTheCpu) {
  ModelLoaderOptions options;
  options.devices = {"auto"};
  const auto loader = MakeLoader(options);
  EXPECT_EQ(loader->num_workers(), 1);
  EXPECT_EQ(loader->device(0), "cpu");
}

TEST(ModelLoaderTest, EachTransportSendsEachReplicaEverything) {
  for (const TransportKind transport :
       {TransportKind::kInProcess, TransportKind::kGloo}) {
    ModelLoaderOptions options;
    options.devices = {"cpu", "cpu", "cpu"};
    options.replicas.cpu_replicas = CpuReplicas::kPrivate;
    options.replicas.transport = transport;
    const auto loader = MakeLoader(options);
    LoadControl control;

    ASSERT_OK_AND_ASSIGN(const auto model,
                         loader->Load({kBertBase, {}}, control));

    EXPECT_EQ(model->report().replicas, 3);
    EXPECT_EQ(model->report().bytes_read, 4 * 26384);
    EXPECT_EQ(model->report().bytes_broadcast,
              2 * model->report().weight_bytes);
    EXPECT_EQ(model->properties().at("transport"), NameOf(transport));
  }
}

TEST(ModelLoaderTest, ALoadMayLetEveryWorkerReadForItself) {
  ModelLoaderOptions options;
  options.devices = {"cpu", "cpu"};
  const auto loader = MakeLoader(options);
  LoadControl control;
  LoadRequest request{kBertBase, {}};
  request.options.loading_strategy = LoadingStrategy::kFreeForAll;

  ASSERT_OK_AND_ASSIGN(const auto model, loader->Load(request, control));

  EXPECT_EQ(model->report().replicas, 2);
  EXPECT_EQ(model->report().bytes_read, 2 * 4 * 26384);
  EXPECT_EQ(model->report().bytes_broadcast, 0);
}

TEST(ModelLoaderTest, AStrategyThatContradictsTheFlagsIsRefused) {
  ModelLoaderOptions options;
  options.devices = {"cpu", "cpu"};
  options.replicas.cpu_replicas = CpuReplicas::kShared;
  const auto loader = MakeLoader(options);
  LoadControl control;
  LoadRequest request{kBertBase, {}};
  request.options.loading_strategy = LoadingStrategy::kFreeForAll;

  const auto model = loader->Load(request, control);

  EXPECT_THAT(model, StatusIs(absl::StatusCode::kInvalidArgument,
                              HasSubstr("cpu_replicas=shared")));
  EXPECT_EQ(FieldOf(model.status()), "loading_strategy");
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
  request.options.dtype = DType::kI8;

  EXPECT_THAT(loader->Load(request, control),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("I8")));
}

TEST(ModelLoaderTest, RefusesAFolderWithoutAConfig) {
  const auto loader = MakeLoader();
  LoadControl control;

  EXPECT_THAT(loader->Load({"tests/testdata/goldens", {}}, control),
              HasReason(Reason::kConfigNotFound));
}

}  // namespace
}  // namespace transformerd
