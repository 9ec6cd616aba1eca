#include "server/grpc_endpoint.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "grpcpp/generic/generic_stub.h"
#include "gtest/gtest.h"
#include "proto/health.grpc.pb.h"
#include "tests/fakes/test_authority.h"
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

  // Expects liveness where it is told.
  grpc::Status CheckHealth(const GrpcEndpoint& endpoint,
                           const std::string& name = "liveness") {
    grpc::health::v1::HealthCheckRequest request;
    grpc::health::v1::HealthCheckResponse response;
    request.set_service(name);
    grpc::ClientContext context;
    const auto stub = grpc::health::v1::Health::NewStub(Connect(endpoint));
    grpc::Status status = stub->Check(&context, request, &response);
    EXPECT_EQ(status.ok(), response.status() ==
                               grpc::health::v1::HealthCheckResponse::SERVING);
    return status;
  }

  // The status of a reflection call that asks for nothing.
  grpc::StatusCode CallReflection(const GrpcEndpoint& endpoint,
                                  const std::string& authorization = "") {
    grpc::GenericStub stub(Connect(endpoint));
    grpc::CompletionQueue queue;
    grpc::ClientContext context;
    if (!authorization.empty()) {
      context.AddMetadata("authorization", authorization);
    }
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
  EXPECT_TRUE(CheckHealth(*endpoint).ok());
}

TEST_F(GrpcEndpointTest, MessagesThatAreTooLargeAreRefusedUnread) {
  ASSERT_OK_AND_ASSIGN(const auto endpoint,
                       GrpcEndpoint::Start(options_, health_));

  const grpc::Status status = CheckHealth(*endpoint, std::string(5000, 'x'));

  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), HasSubstr("larger than max"));
  EXPECT_TRUE(CheckHealth(*endpoint).ok());
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

// The status of a health check over TLS by a client that believes `authority`.
grpc::Status CheckOverTls(int port, const TestAuthority& authority,
                          const IssuedCertificate& client = {}) {
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = authority.certificate();
  options.pem_cert_chain = client.certificate;
  options.pem_private_key = client.key;
  grpc::ChannelArguments arguments;
  // A connection of its own each time.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const auto channel =
      grpc::CreateCustomChannel(absl::StrCat("localhost:", port),
                                grpc::SslCredentials(options), arguments);
  grpc::ClientContext context;
  grpc::health::v1::HealthCheckRequest request;
  grpc::health::v1::HealthCheckResponse response;
  request.set_service("liveness");
  return grpc::health::v1::Health::NewStub(channel)->Check(&context, request,
                                                           &response);
}

Certificates MakeCertificates(const IssuedCertificate& issued) {
  Certificates certificates;
  certificates.certificate_pem = issued.certificate;
  certificates.key_pem = issued.key;
  return certificates;
}

TEST_F(GrpcEndpointTest, ServesOverTlsAlone) {
  const TestAuthority authority("authority");
  options_.certificates = std::make_shared<CertificateStore>(
      MakeCertificates(authority.Issue("server")));
  ASSERT_OK_AND_ASSIGN(const auto endpoint,
                       GrpcEndpoint::Start(options_, health_));
  EXPECT_TRUE(CheckOverTls(endpoint->port(), authority).ok());
  EXPECT_EQ(CheckOverTls(endpoint->port(), TestAuthority("x")).error_code(),
            grpc::StatusCode::UNAVAILABLE);
  EXPECT_NE(CallReflection(*endpoint), grpc::StatusCode::OK);  // plaintext
}

TEST_F(GrpcEndpointTest, TakesCertificatesOfItsClientsFromItsAuthorityAlone) {
  const TestAuthority authority("authority"), stranger("stranger");
  Certificates certificates = MakeCertificates(authority.Issue("server"));
  certificates.client_ca_pem = authority.certificate();
  options_.certificates = std::make_shared<CertificateStore>(certificates);
  ASSERT_OK_AND_ASSIGN(const auto endpoint,
                       GrpcEndpoint::Start(options_, health_));
  const int port = endpoint->port();
  EXPECT_TRUE(CheckOverTls(port, authority, authority.Issue("alice")).ok());
  EXPECT_FALSE(CheckOverTls(port, authority).ok());
  EXPECT_FALSE(CheckOverTls(port, authority, stranger.Issue("alice")).ok());
  EXPECT_FALSE(
      CheckOverTls(port, authority,
                   authority.Issue("old", absl::Now() - absl::Hours(72)))
          .ok());
}

TEST_F(GrpcEndpointTest, ShowsNewCertificatesToNewConnections) {
  const TestAuthority first("first"), second("second");
  const auto store = std::make_shared<CertificateStore>(
      MakeCertificates(first.Issue("server")));
  options_.certificates = store;
  ASSERT_OK_AND_ASSIGN(const auto endpoint,
                       GrpcEndpoint::Start(options_, health_));
  EXPECT_TRUE(CheckOverTls(endpoint->port(), first).ok());
  store->Set(MakeCertificates(second.Issue("server")));
  EXPECT_TRUE(CheckOverTls(endpoint->port(), second).ok());
  EXPECT_FALSE(CheckOverTls(endpoint->port(), first).ok());
}

TEST_F(GrpcEndpointTest, ChecksCallsBeforeTheirServices) {
  options_.enable_reflection = true;
  options_.gate = std::make_shared<CallGate>(
      std::make_shared<Authenticator>(*AuthTokens::Parse("alice infer")),
      nullptr);
  ASSERT_OK_AND_ASSIGN(const auto endpoint,
                       GrpcEndpoint::Start(options_, health_));
  EXPECT_EQ(CallReflection(*endpoint), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(CallReflection(*endpoint, "Bearer alice"), grpc::StatusCode::OK);
  EXPECT_TRUE(CheckHealth(*endpoint).ok());
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
