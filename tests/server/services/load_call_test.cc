#include "server/services/load_call.h"

#include <future>
#include <memory>
#include <optional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "tests/matchers/status_matchers.h"
#include "tests/server/services/test_server.h"

namespace transformerd {
namespace {

using inference::GRPCInferenceService;
using inference::RepositoryModelLoadRequest;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class LoadCallTest : public testing::Test {
 protected:
  absl::Status Load(const RepositoryModelLoadRequest& request) {
    return server_
        .Call(&GRPCInferenceService::Stub::RepositoryModelLoad, request)
        .status();
  }

  // Waits for a running load, from the time of this call on.
  std::future<absl::Status> JoinLoad(const std::string& name) {
    auto result = std::make_shared<std::promise<absl::Status>>();
    server_.repository().LoadAsync(
        name, {},
        [result](const absl::Status& status) { result->set_value(status); });
    return result->get_future();
  }

  TestServer server_;
};

TEST_F(LoadCallTest, AnswersWhenTheModelIsReady) {
  EXPECT_FALSE(server_.IsReady("bert"));

  EXPECT_THAT(server_.Load("bert"), IsOk());

  EXPECT_TRUE(server_.IsReady("bert"));
  EXPECT_EQ(server_.StateOf("bert"), "READY");
}

TEST_F(LoadCallTest, PassesParametersOnToTheLoader) {
  RepositoryModelLoadRequest request;
  request.set_model_name("bert");
  auto& parameters = *request.mutable_parameters();
  parameters["architecture"].set_string_param("BertModel");
  parameters["strict"].set_bool_param(false);
  parameters["num_hidden_layers"].set_int64_param(2);

  ASSERT_THAT(Load(request), IsOk());

  ASSERT_THAT(server_.loader().requests(), SizeIs(1));
  const LoadOptions options = server_.loader().requests()[0].options;
  EXPECT_EQ(options.architecture, "BertModel");
  EXPECT_FALSE(options.strict);
  EXPECT_EQ(options.num_hidden_layers, 2);
}

TEST_F(LoadCallTest, RefusesUnknownParametersByName) {
  RepositoryModelLoadRequest request;
  request.set_model_name("bert");
  (*request.mutable_parameters())["archtecture"].set_string_param("BertModel");

  EXPECT_THAT(Load(request), StatusIs(absl::StatusCode::kInvalidArgument,
                                      HasSubstr("archtecture")));
}

TEST_F(LoadCallTest, RefusesNamesThatAreNoPathComponents) {
  for (const std::string& name : {std::string(".."), std::string("a/b"),
                                  std::string("a\0b", 3), std::string("")}) {
    EXPECT_THAT(server_.Load(name),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << name;
  }
}

TEST_F(LoadCallTest, DoesNotFindWhatIsNotInTheRepository) {
  EXPECT_THAT(server_.Load("nobody"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("nobody")));
}

TEST_F(LoadCallTest, TellsWhyALoadFailedAndServesOn) {
  server_.loader().FailWith(
      LoadError(Reason::kTruncated, "weights end at byte 100"));

  const absl::Status status = server_.Load("bert");

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition,
                               HasSubstr("weights end at byte 100")));
  EXPECT_THAT(status, HasReason(Reason::kTruncated));
  server_.loader().FailWith(absl::OkStatus());
  EXPECT_THAT(server_.Load("other"), IsOk());
}

TEST_F(LoadCallTest, JoinsAnIdenticalLoadThatRuns) {
  server_.loader().Block();
  auto first = server_.LoadLater("bert");
  server_.loader().AwaitLoads(1);
  auto second = JoinLoad("bert");

  server_.loader().Unblock();

  EXPECT_THAT(first.get(), IsOk());
  EXPECT_THAT(second.get(), IsOk());
  EXPECT_THAT(server_.loader().requests(), SizeIs(1));
}

TEST_F(LoadCallTest, ADifferentLoadMeanwhileIsToComeBack) {
  server_.loader().Block();
  auto first = server_.LoadLater("bert");
  server_.loader().AwaitLoads(1);
  RepositoryModelLoadRequest request;
  request.set_model_name("bert");
  (*request.mutable_parameters())["strict"].set_bool_param(false);

  const absl::Status status = Load(request);

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_NE(RetryDelayOf(status), std::nullopt);
  server_.loader().Unblock();
  EXPECT_THAT(first.get(), IsOk());
}

TEST_F(LoadCallTest, CancellingTheOnlyCallCancelsTheLoad) {
  server_.loader().Block();
  grpc::ClientContext context;
  auto load = server_.LoadLater("bert", &context);
  server_.loader().AwaitLoads(1);

  context.TryCancel();

  EXPECT_THAT(load.get(), StatusIs(absl::StatusCode::kCancelled));
  TestServer::Await([this] { return server_.StateOf("bert") != "LOADING"; });
  EXPECT_FALSE(server_.IsReady("bert"));
}

TEST_F(LoadCallTest, ALoadGoesOnForThoseWhoStillWait) {
  server_.loader().Block();
  grpc::ClientContext context;
  auto leaving = server_.LoadLater("bert", &context);
  server_.loader().AwaitLoads(1);
  auto staying = JoinLoad("bert");

  context.TryCancel();
  EXPECT_THAT(leaving.get(), StatusIs(absl::StatusCode::kCancelled));
  server_.loader().Unblock();

  EXPECT_THAT(staying.get(), IsOk());
  EXPECT_TRUE(server_.IsReady("bert"));
}

TEST_F(LoadCallTest, UnloadingCancelsARunningLoad) {
  server_.loader().Block();
  auto load = server_.LoadLater("bert");
  server_.loader().AwaitLoads(1);

  EXPECT_THAT(server_.Unload("bert"), IsOk());

  EXPECT_FALSE(load.get().ok());
  EXPECT_FALSE(server_.IsReady("bert"));
}

}  // namespace
}  // namespace transformerd
