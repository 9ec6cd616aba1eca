#include "server/grpc_endpoint.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "grpcpp/generic/generic_stub.h"
#include "gtest/gtest.h"
#include "proto/health.grpc.pb.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::HasSubstr;

class GrpcEndpointTest : public ::testing::Test {
 protected:
  GrpcEndpointTest() { options_.address = "127.0.0.1"; }

  std::shared_ptr<grpc::Channel> Connect(const GrpcEndpoint& endpoint) {
    return grpc::CreateChannel(absl::StrCat("127.0.0.1:", endpoint.port()),
                               grpc::InsecureChannelCredentials());
  }

  // The status of a reflection call that asks for nothing.
  grpc::StatusCode CallReflection(const GrpcEndpoint& endpoint) {
    grpc::GenericStub stub(Connect(endpoint));
    grpc::CompletionQueue queue;
    grpc::ClientContext context;
    const auto call = stub.PrepareCall(
        &context,
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        &queue);
    grpc::Status status;
    void* tag = nullptr;
    bool ok = false;
    call->StartCall(nullptr);
    queue.Next(&tag, &ok);
    call->WritesDone(nullptr);
    queue.Next(&tag, &ok);
    call->Finish(&status, nullptr);
    queue.Next(&tag, &ok);
    return status.error_code();
  }

  HealthState health_;
  GrpcEndpointOptions options_;
};

TEST_F(GrpcEndpointTest, ServesHealthOnAFreePort) {
  ASSERT_OK_AND_ASSIGN(const auto endpoint,
                       GrpcEndpoint::Start(options_, health_));
  ASSERT_GT(endpoint->port(), 0);

  grpc::health::v1::HealthCheckRequest request;
  grpc::health::v1::HealthCheckResponse response;
  request.set_service("liveness");
  grpc::ClientContext context;
  const auto stub = grpc::health::v1::Health::NewStub(Connect(*endpoint));
  EXPECT_TRUE(stub->Check(&context, request, &response).ok());
  EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::SERVING);
}

TEST_F(GrpcEndpointTest, ATakenPortIsUnavailable) {
  ASSERT_OK_AND_ASSIGN(const auto first,
                       GrpcEndpoint::Start(options_, health_));
  options_.port = first->port();
  EXPECT_THAT(GrpcEndpoint::Start(options_, health_),
              StatusIs(absl::StatusCode::kUnavailable,
                       HasSubstr(absl::StrCat(first->port()))));
}

TEST_F(GrpcEndpointTest, ServesReflectionWhereAsked) {
  options_.enable_reflection = true;
  ASSERT_OK_AND_ASSIGN(const auto endpoint,
                       GrpcEndpoint::Start(options_, health_));
  EXPECT_EQ(CallReflection(*endpoint), grpc::StatusCode::OK);
}

TEST_F(GrpcEndpointTest, ServesNoReflectionWhereNot) {
  ASSERT_OK_AND_ASSIGN(const auto endpoint,
                       GrpcEndpoint::Start(options_, health_));
  EXPECT_EQ(CallReflection(*endpoint), grpc::StatusCode::UNIMPLEMENTED);
}

TEST(IsLoopbackTest, KnowsAddressesOfThisMachine) {
  for (const char* address : {"127.0.0.1", "127.1.2.3", "::1", "localhost"}) {
    EXPECT_TRUE(IsLoopback(address)) << address;
  }
  for (const char* address : {"0.0.0.0", "::", "10.0.0.1", "example.org"}) {
    EXPECT_FALSE(IsLoopback(address)) << address;
  }
}

}  // namespace
}  // namespace transformerd
