#include "server/services/malformed_requests.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "proto/model_service.grpc.pb.h"
#include "proto/status_codec.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

constexpr char kPath[] = "/transformerd.v1.ModelService/";
// Field 1 says that four bytes follow, and one does.
constexpr char kCutOff[] = "\x0a\x04z";
constexpr char kNotUtf8[] = "\x0a\x02\xff\xfe";

// A service that has every method and implements none.
class MalformedRequestsTest : public testing::Test {
 protected:
  MalformedRequestsTest() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                             &port);
    builder.RegisterService(&service_);
    ExplainMalformedRequests(builder);
    server_ = builder.BuildAndStart();
    channel_ = grpc::CreateChannel(absl::StrCat("127.0.0.1:", port),
                                   grpc::InsecureChannelCredentials());
  }

  absl::Status Call(const std::string& method, const std::string& bytes) {
    grpc::GenericStub stub(channel_);
    grpc::ClientContext context;
    const grpc::Slice slice(bytes);
    const grpc::ByteBuffer request(&slice, 1);
    grpc::ByteBuffer response;
    absl::Notification ended;
    grpc::Status status;
    stub.UnaryCall(&context, kPath + method, grpc::StubOptions(), &request,
                   &response, [&](grpc::Status result) {
                     status = std::move(result);
                     ended.Notify();
                   });
    ended.WaitForNotification();
    return FromGrpcStatus(status);
  }

  v1::ModelService::CallbackService service_;
  std::unique_ptr<grpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(MalformedRequestsTest, AreInvalidAndToldWhatWasExpected) {
  for (const char* bytes : {kCutOff, kNotUtf8}) {
    EXPECT_THAT(Call("LoadModel", bytes),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         "the request is no transformerd.v1.LoadModelRequest: "
                         "malformed, or with a string that is not UTF-8"));
  }
}

TEST_F(MalformedRequestsTest, AreInvalidWhereTheAnswerIsAStream) {
  EXPECT_THAT(Call("WatchModel", kNotUtf8),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       testing::HasSubstr("WatchModelRequest")));
}

TEST_F(MalformedRequestsTest, OthersAreLeftAlone) {
  EXPECT_THAT(Call("LoadModel", "\x0a\x01z"),
              StatusIs(absl::StatusCode::kUnimplemented, ""));
  EXPECT_THAT(Call("NoSuchMethod", kCutOff),
              StatusIs(absl::StatusCode::kUnimplemented));
}

}  // namespace
}  // namespace transformerd
