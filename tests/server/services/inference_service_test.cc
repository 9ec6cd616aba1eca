#include "server/services/inference_service.h"

#include <future>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "tests/fakes/blocking_folder_reader.h"
#include "tests/matchers/status_matchers.h"
#include "tests/server/services/infer_requests.h"
#include "tests/server/services/test_server.h"

namespace transformerd {
namespace {

using Stub = inference::GRPCInferenceService::Stub;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class InferenceServiceTest : public testing::Test {
 protected:
  bool ServerLive() {
    return server_.Call(&Stub::ServerLive, inference::ServerLiveRequest())
        ->live();
  }
  bool ServerReady() {
    return server_.Call(&Stub::ServerReady, inference::ServerReadyRequest())
        ->ready();
  }
  absl::StatusOr<inference::ModelMetadataResponse> Metadata(
      const std::string& name) {
    inference::ModelMetadataRequest request;
    request.set_name(name);
    return server_.Call(&Stub::ModelMetadata, request);
  }
  absl::StatusOr<inference::ModelConfigResponse> Config(
      const std::string& name) {
    inference::ModelConfigRequest request;
    request.set_name(name);
    return server_.Call(&Stub::ModelConfig, request);
  }
  absl::StatusOr<inference::ModelStatisticsResponse> Statistics(
      const std::string& name) {
    inference::ModelStatisticsRequest request;
    request.set_name(name);
    return server_.Call(&Stub::ModelStatistics, request);
  }
  absl::StatusOr<inference::RepositoryIndexResponse> Index(bool ready) {
    inference::RepositoryIndexRequest request;
    request.set_ready(ready);
    return server_.Call(&Stub::RepositoryIndex, request);
  }
  absl::Status InferOnce() {
    inference::ModelInferRequest request;
    request.set_model_name("bert");
    AddTyped(request, "input_ids", {2, 1}, {5, 6});
    return server_.Infer(request).status();
  }

  TestServer server_;
};

TEST_F(InferenceServiceTest, LivenessAndReadinessAreThoseOfHealth) {
  EXPECT_TRUE(ServerLive());
  EXPECT_FALSE(ServerReady());

  server_.health().SetReady(true);
  EXPECT_TRUE(ServerReady());

  server_.health().Set("liveness", false);
  EXPECT_FALSE(ServerLive());
}

TEST_F(InferenceServiceTest, UnknownAndUnloadedModelsAreNotReady) {
  EXPECT_FALSE(server_.IsReady("nobody"));
  EXPECT_FALSE(server_.IsReady("../bert"));
  EXPECT_FALSE(server_.IsReady(""));
  EXPECT_FALSE(server_.IsReady("bert"));
}

TEST_F(InferenceServiceTest, NoModelIsReadyWhileDraining) {
  ASSERT_THAT(server_.Load("bert"), IsOk());
  ASSERT_TRUE(server_.IsReady("bert"));

  server_.health().StartDraining();

  EXPECT_FALSE(server_.IsReady("bert"));
}

TEST_F(InferenceServiceTest, NamesItselfAndTheExtensionsThatHold) {
  ASSERT_OK_AND_ASSIGN(
      const inference::ServerMetadataResponse metadata,
      server_.Call(&Stub::ServerMetadata, inference::ServerMetadataRequest()));

  EXPECT_EQ(metadata.name(), "transformerd");
  EXPECT_EQ(metadata.version(), "1.2.3");
  EXPECT_THAT(metadata.extensions(), Contains("statistics"));
  EXPECT_THAT(metadata.extensions(), Contains("model_repository"));
  EXPECT_THAT(metadata.extensions(), Not(Contains("system_shared_memory")));
  EXPECT_THAT(metadata.extensions(), Contains("logging"));
}

TEST_F(InferenceServiceTest, MetadataShowsShapesWithTheBatch) {
  ASSERT_THAT(server_.Load("bert"), IsOk());

  ASSERT_OK_AND_ASSIGN(const auto metadata, Metadata("bert"));

  EXPECT_EQ(metadata.name(), "bert");
  EXPECT_EQ(metadata.platform(), "transformerd");
  EXPECT_THAT(metadata.versions(), ElementsAre("1"));
  ASSERT_THAT(metadata.inputs(), SizeIs(3));
  EXPECT_EQ(metadata.inputs(0).name(), "input_ids");
  EXPECT_EQ(metadata.inputs(0).datatype(), "INT64");
  EXPECT_THAT(metadata.inputs(0).shape(), ElementsAre(-1, -1));
  ASSERT_THAT(metadata.outputs(), SizeIs(2));
  EXPECT_EQ(metadata.outputs(0).datatype(), "FP32");
  EXPECT_THAT(metadata.outputs(0).shape(), ElementsAre(-1, -1, 2));
  EXPECT_THAT(metadata.outputs(1).shape(), ElementsAre(-1, 2));
}

TEST_F(InferenceServiceTest, ConfigLeavesTheBatchOut) {
  ASSERT_THAT(server_.Load("bert"), IsOk());

  ASSERT_OK_AND_ASSIGN(const auto response, Config("bert"));

  const inference::ModelConfig& config = response.config();
  EXPECT_EQ(config.max_batch_size(), 256);
  EXPECT_EQ(config.platform(), "transformerd");
  EXPECT_TRUE(config.has_dynamic_batching());
  ASSERT_THAT(config.input(), SizeIs(3));
  EXPECT_FALSE(config.input(0).optional());
  EXPECT_TRUE(config.input(1).optional());
  EXPECT_EQ(config.input(0).data_type(), inference::TYPE_INT64);
  EXPECT_THAT(config.input(0).dims(), ElementsAre(-1));
  ASSERT_THAT(config.output(), SizeIs(2));
  EXPECT_EQ(config.output(0).data_type(), inference::TYPE_FP32);
  EXPECT_THAT(config.output(0).dims(), ElementsAre(-1, 2));
  EXPECT_THAT(config.output(1).dims(), ElementsAre(2));
  EXPECT_EQ(config.parameters().at("max_sequence_length").string_value(), "16");
}

TEST_F(InferenceServiceTest, ConfigShowsTheModelsProperties) {
  ASSERT_THAT(server_.Load("bert"), IsOk());

  ASSERT_OK_AND_ASSIGN(const auto response, Config("bert"));

  for (const auto& [name, value] : FakeLoadedModel().properties()) {
    EXPECT_EQ(response.config().parameters().at(name).string_value(), value);
  }
}

TEST_F(InferenceServiceTest, MetadataAndConfigOfAnUnknownModelAreNotFound) {
  EXPECT_THAT(Metadata("nobody"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Config("nobody"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Config("bert"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("not loaded")));
}

TEST_F(InferenceServiceTest, StatisticsCountRowsAndBatches) {
  ASSERT_THAT(server_.Load("bert"), IsOk());
  ASSERT_THAT(InferOnce(), IsOk());
  ASSERT_THAT(InferOnce(), IsOk());

  ASSERT_OK_AND_ASSIGN(const auto response, Statistics("bert"));

  ASSERT_THAT(response.model_stats(), SizeIs(1));
  const inference::ModelStatistics& statistics = response.model_stats(0);
  EXPECT_EQ(statistics.name(), "bert");
  EXPECT_EQ(statistics.version(), "1");
  EXPECT_EQ(statistics.inference_count(), 4u);
  EXPECT_EQ(statistics.execution_count(), 2u);
  EXPECT_EQ(statistics.inference_stats().success().count(), 2u);
  EXPECT_GT(statistics.last_inference(), 0u);
}

TEST_F(InferenceServiceTest, StatisticsOfNobodyAreThoseOfAllReadyModels) {
  ASSERT_THAT(server_.Load("bert"), IsOk());

  ASSERT_OK_AND_ASSIGN(const auto response, Statistics(""));

  ASSERT_THAT(response.model_stats(), SizeIs(1));
  EXPECT_EQ(response.model_stats(0).name(), "bert");
  EXPECT_THAT(Statistics("other"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(InferenceServiceTest, IndexListsAllModelsOfTheFolder) {
  ASSERT_THAT(server_.Load("bert"), IsOk());

  ASSERT_OK_AND_ASSIGN(const auto index, Index(/*ready=*/false));

  ASSERT_THAT(index.models(), SizeIs(2));
  EXPECT_EQ(index.models(0).name(), "bert");
  EXPECT_EQ(index.models(0).version(), "1");
  EXPECT_EQ(index.models(0).state(), "READY");
  EXPECT_EQ(index.models(1).name(), "other");
  EXPECT_EQ(index.models(1).state(), "UNAVAILABLE");
}

TEST_F(InferenceServiceTest, IndexOfReadyModelsLeavesTheOthersOut) {
  ASSERT_THAT(server_.Load("bert"), IsOk());

  ASSERT_OK_AND_ASSIGN(const auto index, Index(/*ready=*/true));

  ASSERT_THAT(index.models(), SizeIs(1));
  EXPECT_EQ(index.models(0).name(), "bert");
}

TEST_F(InferenceServiceTest, IndexHasTheFullReportOfAFailedLoad) {
  server_.loader().FailWith(WithFullReport(
      LoadError(Reason::kMissingKey, "2 missing"), "missing: a, b"));
  ASSERT_FALSE(server_.Load("bert").ok());

  ASSERT_OK_AND_ASSIGN(const auto index, Index(/*ready=*/false));

  EXPECT_THAT(index.models(0).reason(), HasSubstr("missing: a, b"));
}

TEST_F(InferenceServiceTest, UnloadTakesTheModelOutOfMemory) {
  ASSERT_THAT(server_.Load("bert"), IsOk());
  ASSERT_EQ(server_.models().live_models(), 1);

  EXPECT_THAT(server_.Unload("bert"), IsOk());

  EXPECT_EQ(server_.models().live_models(), 0);
  EXPECT_FALSE(server_.IsReady("bert"));
}

TEST_F(InferenceServiceTest, UnloadOfAnUnknownModelIsNotFound) {
  EXPECT_THAT(server_.Unload("nobody"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(InferenceServiceTest, WhatIsNotThereIsUnimplemented) {
  EXPECT_THAT(server_.Call(&Stub::CudaSharedMemoryStatus,
                           inference::CudaSharedMemoryStatusRequest()),
              StatusIs(absl::StatusCode::kUnimplemented));
  EXPECT_THAT(
      server_.Call(&Stub::TraceSetting, inference::TraceSettingRequest()),
      StatusIs(absl::StatusCode::kUnimplemented));
}

TEST_F(InferenceServiceTest, WhatIsNoRequestIsInvalid) {
  const grpc::Slice slice("\x0a\x02\xff\xfe");  // a name that is not UTF-8
  EXPECT_THAT(
      server_.CallRaw("/inference.GRPCInferenceService/ModelInfer",
                      grpc::ByteBuffer(&slice, 1)),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("the request is no inference.ModelInferRequest")));
}

TEST_F(InferenceServiceTest, CountsCallsByMethodAndCode) {
  ServerLive();
  ASSERT_FALSE(Metadata("nobody").ok());

  EXPECT_THAT(server_.metrics().Expose(),
              AllOf(HasSubstr("grpc_server_handled_total{"),
                    HasSubstr("inference.GRPCInferenceService/ServerLive"),
                    HasSubstr("inference.GRPCInferenceService/ModelMetadata"),
                    HasSubstr("NOT_FOUND")));
}

// More calls than gRPC has threads wait for a folder that does not answer.
TEST(InferenceServiceWithHungFolderTest, AnswersWhatNeedsNoFolder) {
  BlockingFolderReader folders;
  TestServer::Options options;
  options.folders = &folders;
  TestServer server(options);
  ASSERT_THAT(server.Load("bert"), IsOk());
  folders.Block();
  std::vector<std::future<absl::Status>> index_calls;
  for (unsigned i = 0; i < 2 * std::thread::hardware_concurrency() + 2; ++i) {
    index_calls.push_back(std::async(std::launch::async, [&] {
      return server
          .Call(&Stub::RepositoryIndex, inference::RepositoryIndexRequest())
          .status();
    }));
  }
  folders.AwaitBlockedCall();

  EXPECT_FALSE(server.IsReady("nosuch"));
  EXPECT_FALSE(server.IsReady("other"));
  EXPECT_TRUE(server.IsReady("bert"));
  inference::ModelInferRequest request;
  request.set_model_name("bert");
  AddTyped(request, "input_ids", {1, 2}, {5, 6});
  EXPECT_THAT(server.Infer(request), IsOk());

  folders.Unblock();
  for (auto& call : index_calls) EXPECT_THAT(call.get(), IsOk());
}

}  // namespace
}  // namespace transformerd
