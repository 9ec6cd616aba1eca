// The model loader and how replicas get their weights.
#include <memory>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "model/runtime/model_loader.h"
#include "tests/matchers/status_matchers.h"
#include "tests/model/runtime/make_loader.h"

namespace transformerd {
namespace {

using ::testing::HasSubstr;

constexpr char kBertBase[] = "tests/testdata/goldens/bert_base/model";

TEST(ReplicasTest, SaysWhatIsMissingForAGpu) {
  ModelLoaderOptions cuda, nccl;
  cuda.devices = {"cuda:0"};
  nccl.replicas.transport = TransportKind::kNccl;

  EXPECT_THAT(MakeModelLoader(cuda).status(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("device \"cuda:0\": this build has no GPU")));
  EXPECT_THAT(MakeModelLoader(nccl).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("nccl")));
}

TEST(ReplicasTest, AutoIsOneWorkerOnTheCpu) {
  ModelLoaderOptions options;
  options.devices = {"auto"};
  const auto loader = MakeLoader(options);
  EXPECT_EQ(loader->num_workers(), 1);
  EXPECT_EQ(loader->device(0), "cpu");
}

TEST(ReplicasTest, EachTransportSendsEachReplicaEverything) {
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

TEST(ReplicasTest, ALoadMayLetEveryWorkerReadForItself) {
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

TEST(ReplicasTest, AStrategyThatContradictsTheFlagsIsRefused) {
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

}  // namespace
}  // namespace transformerd
