#include "server/services/health_service.h"

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "proto/health.grpc.pb.h"
#include "server/services/health_state.h"

namespace transformerd {
namespace {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using ::testing::HasSubstr;

// Far beyond what any step takes, so that a hang is a failure and no more.
constexpr absl::Duration kPatience = absl::Seconds(20);

// An open stream of one client.
class Watcher {
 public:
  Watcher(Health::Stub& stub, const std::string& service) {
    context_.set_deadline(absl::ToChronoTime(absl::Now() + kPatience));
    HealthCheckRequest request;
    request.set_service(service);
    reader_ = stub.Watch(&context_, request);
  }

  // The next status, or nothing where the stream has ended.
  std::optional<HealthCheckResponse::ServingStatus> Next() {
    HealthCheckResponse response;
    if (!reader_->Read(&response)) return std::nullopt;
    return response.status();
  }
  grpc::Status Finish() { return reader_->Finish(); }
  void Cancel() { context_.TryCancel(); }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<HealthCheckResponse>> reader_;
};

class HealthServiceTest : public testing::Test {
 protected:
  void SetUp() override {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                             &port);
    health_.Register(builder);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
    health_.Start();
    stub_ = Health::NewStub(
        grpc::CreateChannel("127.0.0.1:" + std::to_string(port),
                            grpc::InsecureChannelCredentials()));
  }

  void TearDown() override { Shutdown(); }

  // Ends calls that do not end of themselves only after kPatience.
  void Shutdown() {
    server_->Shutdown(absl::ToChronoTime(absl::Now() + kPatience));
    health_.Stop();
  }

  grpc::Status Check(const std::string& service,
                     HealthCheckResponse* response) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + kPatience));
    HealthCheckRequest request;
    request.set_service(service);
    return stub_->Check(&context, request, response);
  }

  HealthCheckResponse::ServingStatus Check(const std::string& service) {
    HealthCheckResponse response;
    const grpc::Status status = Check(service, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.status();
  }

  HealthState state_;
  HealthService health_{state_};
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<Health::Stub> stub_;
};

TEST_F(HealthServiceTest, CheckTellsEachName) {
  state_.SetReady(true);
  state_.Set("model/bert", false);

  EXPECT_EQ(Check(""), HealthCheckResponse::SERVING);
  EXPECT_EQ(Check("readiness"), HealthCheckResponse::SERVING);
  EXPECT_EQ(Check("liveness"), HealthCheckResponse::SERVING);
  EXPECT_EQ(Check("inference.GRPCInferenceService"),
            HealthCheckResponse::SERVING);
  EXPECT_EQ(Check("model/bert"), HealthCheckResponse::NOT_SERVING);
}

TEST_F(HealthServiceTest, CheckOfAnUnknownNameIsNotFound) {
  HealthCheckResponse response;

  const grpc::Status status = Check("model/none", &response);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  for (const char* service :
       {"inference.GRPCInferenceService", "transformerd.v1.TextService",
        "transformerd.v1.ModelService"}) {
    EXPECT_THAT(status.error_message(), HasSubstr(service));
  }
  EXPECT_NE(status.error_message().find("model/<name>"), std::string::npos);
}

TEST_F(HealthServiceTest, AnswersManyChecksAtOnce) {
  state_.SetReady(true);
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([this] {
      for (int k = 0; k < 50; ++k) {
        EXPECT_EQ(Check(""), HealthCheckResponse::SERVING);
      }
    });
  }
  for (std::thread& client : clients) client.join();
}

TEST_F(HealthServiceTest, WatchSendsTheStatusAndEachChange) {
  Watcher watcher(*stub_, "readiness");
  EXPECT_EQ(watcher.Next(), HealthCheckResponse::NOT_SERVING);

  state_.SetReady(true);
  EXPECT_EQ(watcher.Next(), HealthCheckResponse::SERVING);

  state_.SetReady(false);
  EXPECT_EQ(watcher.Next(), HealthCheckResponse::NOT_SERVING);
  watcher.Cancel();
}

TEST_F(HealthServiceTest, WatchKeepsQuietAboutOtherNames) {
  Watcher watcher(*stub_, "readiness");
  EXPECT_EQ(watcher.Next(), HealthCheckResponse::NOT_SERVING);

  state_.Set("model/bert", true);
  state_.Set("readiness", false);
  state_.SetReady(true);

  EXPECT_EQ(watcher.Next(), HealthCheckResponse::SERVING);
  watcher.Cancel();
}

TEST_F(HealthServiceTest, WatchOfAnUnknownNameWaitsForIt) {
  Watcher watcher(*stub_, "model/bert");
  EXPECT_EQ(watcher.Next(), HealthCheckResponse::SERVICE_UNKNOWN);

  state_.Set("model/bert", true);
  EXPECT_EQ(watcher.Next(), HealthCheckResponse::SERVING);
  watcher.Cancel();
}

TEST_F(HealthServiceTest, EveryWatcherHearsOfAChange) {
  Watcher first(*stub_, ""), second(*stub_, "");
  EXPECT_EQ(first.Next(), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(second.Next(), HealthCheckResponse::NOT_SERVING);

  state_.SetReady(true);

  EXPECT_EQ(first.Next(), HealthCheckResponse::SERVING);
  EXPECT_EQ(second.Next(), HealthCheckResponse::SERVING);
  first.Cancel();
  second.Cancel();
}

TEST_F(HealthServiceTest, AClientThatLeavesDoesNotDisturbTheOthers) {
  Watcher leaving(*stub_, ""), staying(*stub_, "");
  EXPECT_EQ(leaving.Next(), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(staying.Next(), HealthCheckResponse::NOT_SERVING);

  leaving.Cancel();
  EXPECT_EQ(leaving.Finish().error_code(), grpc::StatusCode::CANCELLED);
  state_.SetReady(true);

  EXPECT_EQ(staying.Next(), HealthCheckResponse::SERVING);
  staying.Cancel();
}

TEST_F(HealthServiceTest, DrainingSendsTheLastWordAndEndsTheWatch) {
  state_.SetReady(true);
  Watcher watcher(*stub_, "");
  EXPECT_EQ(watcher.Next(), HealthCheckResponse::SERVING);

  state_.StartDraining();

  EXPECT_EQ(watcher.Next(), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(watcher.Next(), std::nullopt);
  EXPECT_EQ(watcher.Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(HealthServiceTest, AWatchThatComesWhileDrainingEndsAtOnce) {
  state_.StartDraining();
  Watcher watcher(*stub_, "liveness");

  EXPECT_EQ(watcher.Next(), HealthCheckResponse::SERVING);
  EXPECT_EQ(watcher.Next(), std::nullopt);
}

TEST_F(HealthServiceTest, ChecksAreAnsweredWhileDraining) {
  state_.SetReady(true);
  state_.StartDraining();

  EXPECT_EQ(Check("liveness"), HealthCheckResponse::SERVING);
  EXPECT_EQ(Check("readiness"), HealthCheckResponse::NOT_SERVING);
}

TEST_F(HealthServiceTest, OpenWatchesDoNotHoldUpTheShutdownAfterDraining) {
  Watcher idle(*stub_, "liveness"), other(*stub_, "model/none");
  EXPECT_EQ(idle.Next(), HealthCheckResponse::SERVING);
  EXPECT_EQ(other.Next(), HealthCheckResponse::SERVICE_UNKNOWN);
  state_.StartDraining();

  const absl::Time start = absl::Now();
  Shutdown();

  EXPECT_LT(absl::Now() - start, kPatience / 2);
}

TEST_F(HealthServiceTest, ChangesAfterStopAreHarmless) {
  Shutdown();

  state_.SetReady(true);
}

TEST(HealthServiceWithoutServerTest, StopsWhereTheServerCouldNotStart) {
  HealthState state;
  HealthService health(state);
  grpc::ServerBuilder builder;
  health.Register(builder);

  health.Stop();
}

}  // namespace
}  // namespace transformerd
