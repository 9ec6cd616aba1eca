#include "server/services/infer_call.h"

#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "tests/matchers/status_matchers.h"
#include "tests/server/services/infer_requests.h"
#include "tests/server/services/test_server.h"

namespace transformerd {
namespace {

using inference::ModelInferRequest;
using inference::ModelInferResponse;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// One row of two tokens, typed.
ModelInferRequest TypedRequest() {
  ModelInferRequest request;
  request.set_model_name("bert");
  request.set_id("call-7");
  AddTyped(request, "input_ids", {1, 2}, {3, 4});
  return request;
}

ModelInferRequest RawRequest() {
  ModelInferRequest request;
  request.set_model_name("bert");
  AddRaw<int64_t>(request, "attention_mask", {1, 2}, {1, 0});
  AddRaw<int64_t>(request, "input_ids", {1, 2}, {3, 4});
  return request;
}

std::vector<float> Floats(const std::string& bytes) {
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

// A server with "bert" ready.
class InferCallTest : public testing::Test {
 protected:
  void SetUp() override { Start(TestServer::Options()); }

  void Start(const TestServer::Options& options) {
    server_.emplace(options);
    ASSERT_THAT(server_->Load("bert"), IsOk());
  }

  // Keeps the one worker busy until the models are unblocked.
  std::future<absl::StatusOr<ModelInferResponse>> OccupyWorker() {
    server_->models().Block();
    auto answer = server_->InferLater(TypedRequest());
    server_->models().AwaitBatches(1);
    return answer;
  }

  std::optional<TestServer> server_;
};

TEST_F(InferCallTest, AnswersTypedRequestsTyped) {
  ASSERT_OK_AND_ASSIGN(const ModelInferResponse answer,
                       server_->Infer(TypedRequest()));

  EXPECT_EQ(answer.model_name(), "bert");
  EXPECT_EQ(answer.model_version(), "1");
  EXPECT_EQ(answer.id(), "call-7");
  ASSERT_THAT(answer.outputs(), SizeIs(2));
  EXPECT_EQ(answer.outputs(0).name(), "last_hidden_state");
  EXPECT_EQ(answer.outputs(0).datatype(), "FP32");
  EXPECT_THAT(answer.outputs(0).shape(), ElementsAre(1, 2, 2));
  EXPECT_THAT(answer.outputs(0).contents().fp32_contents(),
              ElementsAre(3, 3.5, 4, 4.5));
  EXPECT_THAT(answer.raw_output_contents(), IsEmpty());
}

TEST_F(InferCallTest, AnswersRawRequestsRaw) {
  ASSERT_OK_AND_ASSIGN(const ModelInferResponse answer,
                       server_->Infer(RawRequest()));

  ASSERT_THAT(answer.raw_output_contents(), SizeIs(2));
  EXPECT_THAT(Floats(answer.raw_output_contents(0)), ElementsAre(3, 3.5, 0, 0));
  EXPECT_THAT(Floats(answer.raw_output_contents(1)), ElementsAre(3, 3.5));
  EXPECT_FALSE(answer.outputs(0).has_contents());
}

TEST_F(InferCallTest, GivesTheRequestedOutputsInTheirOrder) {
  ModelInferRequest request = TypedRequest();
  request.add_outputs()->set_name("sentence_embedding");
  request.add_outputs()->set_name("last_hidden_state");

  ASSERT_OK_AND_ASSIGN(const ModelInferResponse answer,
                       server_->Infer(request));

  ASSERT_THAT(answer.outputs(), SizeIs(2));
  EXPECT_EQ(answer.outputs(0).name(), "sentence_embedding");
  EXPECT_THAT(answer.outputs(0).contents().fp32_contents(), ElementsAre(7, 8));
  EXPECT_EQ(answer.outputs(1).name(), "last_hidden_state");
}

TEST_F(InferCallTest, SaysWhichModelIsUnknown) {
  ModelInferRequest request = TypedRequest();
  request.set_model_name("../bert");

  EXPECT_THAT(server_->Infer(request),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("../bert")));
}

TEST_F(InferCallTest, SaysThatAModelIsNotLoaded) {
  ModelInferRequest request = TypedRequest();
  request.set_model_name("other");

  EXPECT_THAT(server_->Infer(request),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("not loaded")));
}

TEST_F(InferCallTest, KnowsTheVersionsThatThereAre) {
  ModelInferRequest request = TypedRequest();
  request.set_model_version("1");
  EXPECT_THAT(server_->Infer(request), IsOk());

  request.set_model_version("2");
  EXPECT_THAT(server_->Infer(request), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(InferCallTest, RefusesBadRequestsWithTheTensorInTheDetails) {
  ModelInferRequest request;
  request.set_model_name("bert");
  AddTyped(request, "input_ids", {1, 1}, {100});

  const absl::Status status = server_->Infer(request).status();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               HasSubstr("value 100 at [0,0]")));
  EXPECT_EQ(FieldOf(status), "input_ids");
}

TEST_F(InferCallTest, ServesOnAfterABadRequest) {
  ModelInferRequest bad = TypedRequest();
  bad.mutable_inputs(0)->set_name("ids");
  ASSERT_THAT(server_->Infer(bad),
              StatusIs(absl::StatusCode::kInvalidArgument));

  EXPECT_THAT(server_->Infer(TypedRequest()), IsOk());
}

TEST_F(InferCallTest, RefusesLargeRequestsByTheFlagAndBothSizes) {
  TestServer::Options options;
  options.max_request_bytes = 20;
  Start(options);

  EXPECT_THAT(server_->Infer(TypedRequest()),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       AllOf(HasSubstr("--max_request_bytes is 20"),
                             HasSubstr("the request has "))));
}

TEST_F(InferCallTest, PassesTheModelsFaultOn) {
  server_->models().FailWith(absl::InternalError("kernel failed"));

  EXPECT_THAT(
      server_->Infer(TypedRequest()),
      StatusIs(absl::StatusCode::kInternal, HasSubstr("kernel failed")));
}

TEST_F(InferCallTest, RefusesWhatDoesNotFitIntoTheQueue) {
  TestServer::Options options;
  options.serving.max_queue_tokens = 1;
  Start(options);

  EXPECT_THAT(server_->Infer(TypedRequest()),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       HasSubstr("--max_queue_tokens is 1")));
}

TEST_F(InferCallTest, TellsWhenToComeBackWhileDraining) {
  server_->scheduler().Drain();

  const absl::Status status = server_->Infer(TypedRequest()).status();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_NE(RetryDelayOf(status), std::nullopt);
}

TEST_F(InferCallTest, TimeoutParameterEndsTheWaitInTheQueue) {
  auto first = OccupyWorker();
  ModelInferRequest request = TypedRequest();
  (*request.mutable_parameters())["timeout"].set_int64_param(1000);

  EXPECT_THAT(server_->Infer(request),
              StatusIs(absl::StatusCode::kDeadlineExceeded));

  server_->models().Unblock();
  EXPECT_THAT(first.get(), IsOk());
  EXPECT_THAT(server_->models().batches(), SizeIs(1));
}

TEST_F(InferCallTest, TheClientsOwnDeadlineEndsTheWaitInTheQueue) {
  auto first = OccupyWorker();
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(1)));
  ModelInferResponse response;

  const grpc::Status status =
      server_->stub().ModelInfer(&context, TypedRequest(), &response);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  server_->AwaitNoneQueued();
  server_->models().Unblock();
  EXPECT_THAT(first.get(), IsOk());
  EXPECT_THAT(server_->models().batches(), SizeIs(1));
}

TEST_F(InferCallTest, ADefaultTimeoutHoldsForCallsWithoutDeadline) {
  TestServer::Options options;
  options.default_request_timeout = absl::Milliseconds(1);
  Start(options);
  // Blocked from the first request on, so that the second waits.
  server_->models().Block();
  ModelInferRequest request = TypedRequest();
  auto first = server_->InferLater(request);
  server_->models().AwaitBatches(1);
  grpc::ClientContext context;
  ModelInferResponse response;

  const grpc::Status status =
      server_->stub().ModelInfer(&context, request, &response);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_NE(status.error_message().find("before the request was computed"),
            std::string::npos);
  server_->models().Unblock();
  EXPECT_THAT(first.get(), IsOk());
}

TEST_F(InferCallTest, CancelledRequestsAreNotComputed) {
  auto first = OccupyWorker();
  grpc::ClientContext context;
  auto second = server_->InferLater(TypedRequest(), &context);
  server_->AwaitQueued(1);

  context.TryCancel();

  EXPECT_THAT(second.get(), StatusIs(absl::StatusCode::kCancelled));
  server_->AwaitNoneQueued();
  server_->models().Unblock();
  EXPECT_THAT(first.get(), IsOk());
  EXPECT_THAT(server_->models().batches(), SizeIs(1));
}

TEST_F(InferCallTest, ACancelWhileComputingHarmsNobody) {
  server_->models().Block();
  grpc::ClientContext context;
  auto cancelled = server_->InferLater(TypedRequest(), &context);
  server_->models().AwaitBatches(1);

  context.TryCancel();
  EXPECT_THAT(cancelled.get(), StatusIs(absl::StatusCode::kCancelled));
  TestServer::Await([this] {
    return absl::StrContains(
        server_->metrics().Expose(),
        "cancelled_total{model=\"bert\",stage=\"compute\"");
  });
  server_->models().Unblock();

  EXPECT_THAT(server_->Infer(TypedRequest()), IsOk());
  const StatisticsSnapshot statistics =
      server_->metrics().ForModel("bert", "1").statistics();
  EXPECT_EQ(statistics.success.count, 1);
  EXPECT_EQ(statistics.fail.count, 1);
}

TEST_F(InferCallTest, UnloadWaitsForTheRequestsThatRun) {
  auto answer = OccupyWorker();
  auto unload = std::async(std::launch::async,
                           [this] { return server_->Unload("bert"); });
  TestServer::Await([this] { return server_->StateOf("bert") == "UNLOADING"; });
  EXPECT_EQ(server_->models().live_models(), 1);

  server_->models().Unblock();

  EXPECT_THAT(answer.get(), IsOk());
  EXPECT_THAT(unload.get(), IsOk());
  EXPECT_EQ(server_->models().live_models(), 0);
}

TEST_F(InferCallTest, RefusesRequestsForAModelThatUnloads) {
  auto answer = OccupyWorker();
  auto unload = std::async(std::launch::async,
                           [this] { return server_->Unload("bert"); });
  TestServer::Await([this] { return server_->StateOf("bert") == "UNLOADING"; });

  const absl::Status status = server_->Infer(TypedRequest()).status();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_NE(RetryDelayOf(status), std::nullopt);
  server_->models().Unblock();
  EXPECT_THAT(unload.get(), IsOk());
}

TEST_F(InferCallTest, RequestsThatWaitTogetherRunTogether) {
  auto first = OccupyWorker();
  auto second = server_->InferLater(TypedRequest());
  auto third = server_->InferLater(RawRequest());
  server_->AwaitQueued(2);

  server_->models().Unblock();

  EXPECT_THAT(first.get(), IsOk());
  EXPECT_THAT(second.get(), IsOk());
  EXPECT_THAT(third.get(), IsOk());
  EXPECT_THAT(server_->models().batches(), SizeIs(2));
}

TEST_F(InferCallTest, CountsRequestsByModelAndCode) {
  ASSERT_THAT(server_->Infer(TypedRequest()), IsOk());
  ModelInferRequest unknown = TypedRequest();
  unknown.set_model_name("nobody");
  ASSERT_FALSE(server_->Infer(unknown).ok());

  const std::string metrics = server_->metrics().Expose();

  EXPECT_THAT(metrics, HasSubstr("transformerd_requests_total{code=\"OK\","
                                 "method=\"ModelInfer\",model=\"bert\","
                                 "version=\"1\"} 1"));
  EXPECT_THAT(metrics, HasSubstr("transformerd_requests_total{code=\"NOT_"
                                 "FOUND\",method=\"ModelInfer\",model=\"\","
                                 "version=\"\"} 1"));
}

}  // namespace
}  // namespace transformerd
