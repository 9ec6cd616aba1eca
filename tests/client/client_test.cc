#include "client/client.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "tests/fakes/fake_inference_server.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

InferRequest EchoRequest() {
  const int64_t ids[] = {101, 7592, 102};
  InferRequest request;
  request.model = "echo";
  request.id = "request-1";
  request.inputs = {{"input_ids", MakeTensor({1, 3}, ids)},
                    {"text", StringTensor{{2}, {"a", "b"}}}};
  return request;
}

class ClientTest : public ::testing::Test {
 protected:
  ClientTest() : client_(*Client::Create({server_.address()})) {}

  FakeInferenceServer server_;
  std::unique_ptr<Client> client_;
};

TEST(ClientOptionsTest, RefusesAddressesAndTimeoutsThatCannotWork) {
  EXPECT_THAT(Client::Create({"nowhere"}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Client::Create({"localhost:1", absl::ZeroDuration()}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "timeout 0 is not positive"));
  ClientOptions garbled;
  garbled.address = "localhost:1";
  garbled.security.root_certificates = "no PEM";
  EXPECT_THAT(Client::Create(garbled),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("no certificate in PEM form")));
}

TEST_F(ClientTest, AsksAboutTheServer) {
  EXPECT_THAT(client_->ServerLive(), IsOkAndHolds(true));
  EXPECT_THAT(client_->ServerReady(), IsOkAndHolds(true));
  ASSERT_OK_AND_ASSIGN(const ServerDescription server,
                       client_->ServerMetadata());
  EXPECT_EQ(server.name, "fake");
  EXPECT_EQ(server.version, "1.2.3");
  EXPECT_THAT(server.extensions, ElementsAre("model_repository", "parameters"));
}

TEST_F(ClientTest, AsksAboutModels) {
  EXPECT_THAT(client_->ModelReady("echo"), IsOkAndHolds(true));
  EXPECT_THAT(client_->ModelReady("other"), IsOkAndHolds(false));
  ASSERT_OK_AND_ASSIGN(const ModelDescription model,
                       client_->ModelMetadata("echo"));
  EXPECT_THAT(model.versions, ElementsAre("1"));
  EXPECT_EQ(model.inputs[0].name, "input_ids");
  EXPECT_EQ(model.inputs[0].shape, Shape({-1, -1}));
  ASSERT_OK_AND_ASSIGN(const ModelConfiguration config,
                       client_->ModelConfig("echo"));
  EXPECT_EQ(config.max_batch_size, 32);
  EXPECT_THAT(config.parameters, UnorderedElementsAre(Pair("engine", "none")));
}

TEST_F(ClientTest, ListsModelsWithStateAndReason) {
  server_.SetState("UNAVAILABLE", "no config.json");

  ASSERT_OK_AND_ASSIGN(const std::vector<ModelListing> models,
                       client_->RepositoryIndex());

  ASSERT_EQ(models.size(), 1);
  EXPECT_EQ(models[0].name, "echo");
  EXPECT_EQ(models[0].state, "UNAVAILABLE");
  EXPECT_EQ(models[0].reason, "no config.json");
}

TEST_F(ClientTest, LoadsWithParametersAndUnloads) {
  EXPECT_THAT(client_->Load("echo", {{"strict", false}}), IsOk());
  EXPECT_THAT(client_->Unload("echo"), IsOk());

  EXPECT_EQ(server_.last_load().model_name(), "echo");
  EXPECT_EQ(server_.last_load().parameters().count("strict"), 1);
  EXPECT_EQ(server_.num_calls("RepositoryModelUnload"), 1);
}

TEST_F(ClientTest, InfersNumbersAndStrings) {
  ASSERT_OK_AND_ASSIGN(const InferResult result, client_->Infer(EchoRequest()));

  EXPECT_EQ(result.id, "request-1");
  EXPECT_EQ(result.version, "1");
  const Tensor* ids = result.Find("input_ids");
  ASSERT_NE(ids, nullptr);
  EXPECT_THAT(std::get<HostTensor>(*ids).as<int64_t>(),
              ElementsAre(101, 7592, 102));
  EXPECT_THAT(std::get<StringTensor>(*result.Find("text")).values,
              ElementsAre("a", "b"));
}

TEST_F(ClientTest, TakesAnswersOverTheDefaultLimitOfGrpc) {
  InferRequest request = EchoRequest();
  request.inputs[0].tensor = HostTensor(DType::kF32, {2, 1 << 20});

  EXPECT_THAT(client_->Infer(std::move(request)), IsOk());
}

TEST_F(ClientTest, ErrorsKeepCodeMessageAndDetails) {
  server_.FailNext(WithReason(
      WithField(absl::FailedPreconditionError("shape [1]"), "weight"),
      Reason::kShapeMismatch));

  const absl::Status status = client_->Load("echo");

  EXPECT_THAT(status,
              StatusIs(absl::StatusCode::kFailedPrecondition, "shape [1]"));
  EXPECT_THAT(status, HasReason(Reason::kShapeMismatch));
  EXPECT_EQ(FieldOf(status), "weight");
}

TEST_F(ClientTest, RepeatsCallsWithoutEffectWhileUnavailable) {
  server_.FailNext(absl::UnavailableError("loading"), 2);

  EXPECT_THAT(client_->Infer(EchoRequest()), IsOk());

  EXPECT_EQ(server_.num_calls("ModelInfer"), 3);
}

TEST_F(ClientTest, DoesNotRepeatLoads) {
  server_.FailNext(
      WithRetryDelay(absl::UnavailableError("busy"), absl::Seconds(2)));

  const absl::Status status = client_->Load("echo");

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable, "busy"));
  EXPECT_EQ(RetryDelayOf(status), absl::Seconds(2));
  EXPECT_EQ(server_.num_calls("RepositoryModelLoad"), 1);
}

TEST_F(ClientTest, CallsEndAtTheirDeadline) {
  server_.HoldInference();

  EXPECT_THAT(client_->Infer(EchoRequest(), {absl::Milliseconds(20)}),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST_F(ClientTest, RefusesATimeoutThatIsOver) {
  EXPECT_THAT(client_->ServerLive({-absl::Seconds(1)}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("-1s")));
}

TEST(ClientWithoutServerTest, SaysThatNothingAnswers) {
  const std::string address = FakeInferenceServer().address();
  const std::unique_ptr<Client> client = *Client::Create({address});

  EXPECT_THAT(client->ServerLive(), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(ClientTest, InfersWithoutBlocking) {
  absl::Notification done;
  absl::StatusOr<InferResult> result;

  client_->InferAsync(EchoRequest(), {}, [&](absl::StatusOr<InferResult> r) {
    result = std::move(r);
    done.Notify();
  });

  done.WaitForNotification();
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->id, "request-1");
}

TEST_F(ClientTest, CallsBackWithWhatCannotBeSent) {
  InferRequest request = EchoRequest();
  std::get<StringTensor>(request.inputs[1].tensor).shape = {3};
  absl::Status status;

  client_->InferAsync(
      std::move(request), {},
      [&](absl::StatusOr<InferResult> r) { status = r.status(); });

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               HasSubstr("input 'text'")));
  EXPECT_EQ(server_.num_calls("ModelInfer"), 0);
}

TEST_F(ClientTest, TheDestructorCancelsAndWaits) {
  server_.HoldInference();
  absl::Status status;
  client_->InferAsync(
      EchoRequest(), {absl::InfiniteDuration()},
      [&](absl::StatusOr<InferResult> r) { status = r.status(); });
  server_.AwaitHeldInference();

  client_.reset();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kCancelled));
}

}  // namespace
}  // namespace transformerd
