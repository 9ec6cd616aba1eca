// What calls leave in the log, and give back in their metadata.
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "server/services/request_log.h"
#include "tests/fakes/recorded_log.h"
#include "tests/matchers/status_matchers.h"
#include "tests/server/services/infer_requests.h"
#include "tests/server/services/test_server.h"

namespace transformerd {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kTraceparent[] =
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

inference::ModelInferRequest MakeRequest() {
  inference::ModelInferRequest request;
  request.set_model_name("bert");
  AddTyped(request, "input_ids", {1, 2}, {71, 72});
  return request;
}

TestServer::Options WithToken() {
  TestServer::Options options;
  options.authenticator =
      std::make_shared<Authenticator>(*AuthTokens::Parse("secret admin"));
  return options;
}

std::string TrailerOf(const grpc::ClientContext& context, const char* name) {
  const auto found = context.GetServerTrailingMetadata().find(name);
  if (found == context.GetServerTrailingMetadata().end()) return "";
  return std::string(found->second.data(), found->second.size());
}

class CallLogTest : public ::testing::Test {
 protected:
  CallLogTest() {
    context_.AddMetadata("x-request-id", "id-1");
    context_.AddMetadata("traceparent", kTraceparent);
    context_.AddMetadata("authorization", "Bearer secret");
  }

  // Lines so far that begin like this.
  std::vector<std::string> Lines(const std::string& begin) const {
    std::vector<std::string> lines;
    for (std::string& message : log_.messages()) {
      if (absl::StartsWith(message, begin)) lines.push_back(std::move(message));
    }
    return lines;
  }

  TestServer server_{WithToken()};
  grpc::ClientContext context_;
  RecordedLog log_;
};

TEST_F(CallLogTest, IdsOfClientsComeBackToThem) {
  ASSERT_THAT(server_.Load("bert", &context_), IsOk());
  EXPECT_EQ(TrailerOf(context_, "x-request-id"), "id-1");
  EXPECT_EQ(TrailerOf(context_, "traceparent"), kTraceparent);
}

TEST_F(CallLogTest, CallsWithoutAnIdGetOne) {
  grpc::ClientContext first, second;
  EXPECT_THAT(server_.Infer(MakeRequest(), &first), Not(IsOk()));
  EXPECT_THAT(server_.Infer(MakeRequest(), &second), Not(IsOk()));
  EXPECT_TRUE(IsRequestId(TrailerOf(first, "x-request-id")));
  EXPECT_NE(TrailerOf(first, "x-request-id"),
            TrailerOf(second, "x-request-id"));
  EXPECT_EQ(TrailerOf(first, "traceparent"), "");
}

TEST_F(CallLogTest, TellsWhoChangedTheServer) {
  ASSERT_THAT(server_.Load("bert", &context_), IsOk());
  EXPECT_THAT(
      Lines("audit"),
      ElementsAre(
          AllOf(HasSubstr("method=RepositoryModelLoad model=bert code=OK"),
                HasSubstr("caller=\"the token of line 1 (sha256 2bb80d53)\""),
                HasSubstr("peer=ipv4:127.0.0.1:"), HasSubstr("request_id=id-1"),
                HasSubstr(kTraceparent), Not(HasSubstr("secret")))));
}

TEST_F(CallLogTest, TellsOfChangesThatWereRefused) {
  EXPECT_THAT(server_.Unload("none"), Not(IsOk()));
  EXPECT_THAT(Lines("audit"),
              ElementsAre(AllOf(HasSubstr("caller=\"nobody known\""),
                                HasSubstr("RepositoryModelUnload model=none "
                                          "code=NOT_FOUND"))));
}

TEST_F(CallLogTest, RequestsThatAreFastAndRightLeaveNothing) {
  ASSERT_THAT(server_.Load("bert"), IsOk());
  ASSERT_THAT(server_.Infer(MakeRequest(), &context_), IsOk());
  EXPECT_THAT(Lines("slow"), IsEmpty());
  EXPECT_THAT(Lines("failed"), IsEmpty());
}

TEST_F(CallLogTest, TellsOfARequestThatTookAllItsTime) {
  ASSERT_THAT(server_.Load("bert"), IsOk());
  inference::ModelInferRequest request = MakeRequest();
  (*request.mutable_parameters())["timeout"].set_int64_param(1);  // us
  server_.models().Block();

  EXPECT_THAT(server_.Infer(request, &context_),
              StatusIs(absl::StatusCode::kDeadlineExceeded));

  EXPECT_THAT(
      Lines("slow request"),
      ElementsAre(AllOf(HasSubstr("method=ModelInfer model=bert"),
                        HasSubstr("code=DEADLINE_EXCEEDED"),
                        HasSubstr("version=1"), HasSubstr("request_id=id-1"))));
}

TEST_F(CallLogTest, TellsOfFaultsOfOurs) {
  ASSERT_THAT(server_.Load("bert"), IsOk());
  server_.models().FailWith(absl::InternalError("broken"));

  EXPECT_THAT(server_.Infer(MakeRequest(), &context_),
              StatusIs(absl::StatusCode::kInternal));

  EXPECT_THAT(Lines("failed request"),
              ElementsAre(AllOf(HasSubstr("code=INTERNAL"),
                                HasSubstr("request_id=id-1"))));
}

TEST(SlowRequestTest, IsOneThatTookASecondOrHalfOfItsTime) {
  constexpr absl::Duration kLong = absl::Seconds(60);
  EXPECT_FALSE(IsSlow(absl::Milliseconds(900), kLong));
  EXPECT_TRUE(IsSlow(absl::Milliseconds(1100), kLong));
  EXPECT_FALSE(IsSlow(absl::Milliseconds(40), absl::Milliseconds(100)));
  EXPECT_TRUE(IsSlow(absl::Milliseconds(60), absl::Milliseconds(100)));
}

}  // namespace
}  // namespace transformerd
