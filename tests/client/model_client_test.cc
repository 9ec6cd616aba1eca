#include "client/model_client.h"

#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "tests/fakes/fake_inference_server.h"
#include "tests/fakes/fake_model_service.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

class ModelClientTest : public ::testing::Test {
 protected:
  ModelClientTest()
      : server_({&service_}),
        client_(*ModelClient::Create({server_.address()})) {}

  FakeModelService service_;
  FakeInferenceServer server_;
  std::unique_ptr<ModelClient> client_;
};

TEST(ModelClientCreateTest, RefusesWrongOptions) {
  EXPECT_THAT(ModelClient::Create({"nowhere"}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ModelClient::Create({"127.0.0.1:1", absl::ZeroDuration()}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(ModelClientTest, ListsModels) {
  ASSERT_OK_AND_ASSIGN(const auto list, client_->ListModels());
  ASSERT_THAT(list.models(), SizeIs(1));
  EXPECT_EQ(list.models(0).name(), "echo");
}

TEST_F(ModelClientTest, LoadsWithTypedParameters) {
  ASSERT_OK_AND_ASSIGN(const auto loaded,
                       client_->LoadModel("echo", {{"strict", false}}));
  EXPECT_EQ(loaded.operation(), 3);
  EXPECT_EQ(service_.last_load().model(), "echo");
  EXPECT_FALSE(service_.last_load().parameters().strict());
  EXPECT_TRUE(service_.last_load().parameters().has_strict());
}

TEST_F(ModelClientTest, TellsTheProgressOfALoad) {
  v1::WatchModelResponse state;  // of no load
  state.set_model("echo");
  service_.SetUpdates({state, StreamUpdate(10, 100), StreamUpdate(60, 100)});
  service_.HoldLoads();
  std::vector<int64_t> bytes;

  const auto loaded =
      client_->LoadModel("echo", {}, [&](const v1::WatchModelResponse& update) {
        bytes.push_back(update.progress().bytes_done());
        if (bytes.size() == 2) service_.FinishLoads();
      });

  EXPECT_THAT(loaded, IsOk());
  EXPECT_THAT(bytes, ElementsAre(10, 60));
  EXPECT_TRUE(service_.last_watch().follow());
}

TEST_F(ModelClientTest, AsksForProgressWithItsToken) {
  service_.DemandToken("secret");
  service_.SetUpdates({StreamUpdate(10, 100)});
  service_.HoldLoads();
  ClientOptions options = {server_.address()};
  options.security.bearer_token = "secret";
  ASSERT_OK_AND_ASSIGN(const auto client, ModelClient::Create(options));

  EXPECT_THAT(client->LoadModel("echo", {},
                                [&](const v1::WatchModelResponse&) {
                                  service_.FinishLoads();
                                },
                                {absl::Seconds(20)}),
              IsOk());
}

TEST_F(ModelClientTest, AFailedLoadEndsItsWatch) {
  service_.FailNext(LoadError(Reason::kTruncated, "too short"));
  const auto loaded =
      client_->LoadModel("echo", {}, [](const v1::WatchModelResponse&) {});
  EXPECT_THAT(loaded, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(loaded, HasReason(Reason::kTruncated));
}

TEST_F(ModelClientTest, AWrongParameterIsNotSent) {
  EXPECT_THAT(client_->LoadModel("echo", {{"nonsense", true}}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(service_.last_load().model(), "");
}

TEST_F(ModelClientTest, UnloadTellsTheBytes) {
  ASSERT_OK_AND_ASSIGN(const auto unloaded, client_->UnloadModel("echo"));
  EXPECT_EQ(unloaded.released_bytes(), 2000000);
}

TEST_F(ModelClientTest, PlansALoad) {
  v1::PlanLoadResponse plan;
  plan.set_fits(true);
  service_.SetPlan(plan);
  ASSERT_OK_AND_ASSIGN(
      const auto answer,
      client_->PlanLoad("echo", "2", {{"architecture", "BertModel"}}));
  EXPECT_TRUE(answer.fits());
  EXPECT_EQ(service_.last_plan().version(), "2");
  EXPECT_EQ(service_.last_plan().parameters().architecture(), "BertModel");
}

TEST_F(ModelClientTest, WatchesToTheEnd) {
  service_.SetUpdates({StreamUpdate(1, 2), StreamUpdate(2, 2)});
  v1::WatchModelRequest request;
  request.set_model("echo");
  int updates = 0;
  EXPECT_THAT(client_->WatchModel(request,
                                  [&](const v1::WatchModelResponse&) {
                                    ++updates;
                                    return true;
                                  }),
              IsOk());
  EXPECT_EQ(updates, 2);
}

TEST_F(ModelClientTest, TheCallerMayEndAWatch) {
  service_.SetUpdates({StreamUpdate(1, 2), StreamUpdate(2, 2)});
  v1::WatchModelRequest request;
  request.set_model("echo");
  request.set_follow(true);
  int updates = 0;
  EXPECT_THAT(client_->WatchModel(request,
                                  [&](const v1::WatchModelResponse&) {
                                    ++updates;
                                    return false;
                                  }),
              StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(updates, 1);
}

TEST_F(ModelClientTest, AWatchEndsWithItsTimeout) {
  v1::WatchModelRequest request;
  request.set_model("echo");
  request.set_follow(true);
  EXPECT_THAT(client_->WatchModel(
                  request, [](const v1::WatchModelResponse&) { return true; },
                  {absl::Milliseconds(50)}),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST(ModelClientOfOtherServersTest, HearsThatTheyLackTheService) {
  const FakeInferenceServer server;
  ASSERT_OK_AND_ASSIGN(const auto client,
                       ModelClient::Create({server.address()}));
  EXPECT_THAT(
      client->LoadModel("echo", {}, [](const v1::WatchModelResponse&) {}),
      StatusIs(absl::StatusCode::kUnimplemented));
}

}  // namespace
}  // namespace transformerd
