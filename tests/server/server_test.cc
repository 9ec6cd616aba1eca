#include "server/server.h"

#include <unistd.h>

#include <fstream>
#include <future>
#include <iterator>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "proto/health.grpc.pb.h"
#include "proto/inference.grpc.pb.h"
#include "proto/status_codec.h"
#include "proto/text_service.grpc.pb.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_model_loader.h"
#include "tests/fakes/fake_supervisor.h"
#include "tests/fakes/recorded_log.h"
#include "tests/fakes/temporary_folder.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using ::testing::_;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::StartsWith;

// Reports the states of one health name, as they change.
class HealthWatch {
 public:
  HealthWatch(const std::shared_ptr<grpc::Channel>& channel,
              const std::string& name)
      : stub_(grpc::health::v1::Health::NewStub(channel)) {
    HealthCheckRequest request;
    request.set_service(name);
    reader_ = stub_->Watch(&context_, request);
  }
  ~HealthWatch() { context_.TryCancel(); }

  // The next state; UNKNOWN when the watch has ended.
  HealthCheckResponse::ServingStatus Next() {
    HealthCheckResponse response;
    return reader_->Read(&response) ? response.status()
                                    : HealthCheckResponse::UNKNOWN;
  }

 private:
  std::unique_ptr<grpc::health::v1::Health::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<HealthCheckResponse>> reader_;
};

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    folder_.Write("models/a/config.json", "{}");
    options_.repository.root = folder_.PathOf("models");
    options_.grpc_port = 0;
    options_.metrics_port = 0;
    options_.load_at_start = {"*"};
  }
  ~ServerTest() override {
    loader_.Unblock();
    loader_.models().Unblock();
    loader_.models().UnblockTexts();
    if (!running_.joinable()) return;
    server_->RequestStop();
    server_->RequestStop();
    running_.join();
  }

  // Starts the server and waits until model "a" is ready.
  void Start() {
    server_ = *Server::Start(options_, loader_, clock_);
    channel_ = grpc::CreateChannel(
        absl::StrCat("127.0.0.1:", server_->ports().grpc_port),
        grpc::InsecureChannelCredentials());
    stub_ = inference::GRPCInferenceService::NewStub(channel_);
    HealthWatch readiness(channel_, "readiness");
    while (readiness.Next() != HealthCheckResponse::SERVING) {
    }
    running_ = std::thread([this] { outcome_ = server_->Run(); });
  }

  grpc::Status Infer(const std::string& model = "a") {
    inference::ModelInferRequest request;
    request.set_model_name(model);
    auto& input = *request.add_inputs();
    input.set_name("input_ids");
    input.set_datatype("INT64");
    input.add_shape(1);
    input.add_shape(1);
    input.mutable_contents()->add_int64_contents(1);
    inference::ModelInferResponse response;
    grpc::ClientContext context;
    return stub_->ModelInfer(&context, request, &response);
  }

  grpc::Status Load() {
    inference::RepositoryModelLoadRequest request;
    request.set_model_name("a");
    inference::RepositoryModelLoadResponse response;
    grpc::ClientContext context;
    return stub_->RepositoryModelLoad(&context, request, &response);
  }

  // Asks the server to stop and waits until it takes no new requests.
  void BeginRefusing() {
    HealthWatch readiness(channel_, "");
    readiness.Next();
    server_->RequestStop();
    readiness.Next();  // the delay has begun
    clock_.Advance(options_.drain_delay);
    while (Infer("none").error_code() != grpc::StatusCode::UNAVAILABLE) {
    }
  }

  std::future<grpc::Status> InferLater() {
    return std::async(std::launch::async, [this] { return Infer(); });
  }

  std::future<grpc::Status> EmbedLater(int num_texts) {
    return std::async(std::launch::async, [this, num_texts] {
      v1::EmbedRequest request;
      request.set_model("a");
      for (int i = 0; i < num_texts; ++i) request.add_text("7");
      v1::EmbedResponse response;
      grpc::ClientContext context;
      return v1::TextService::NewStub(channel_)->Embed(&context, request,
                                                       &response);
    });
  }

  TemporaryFolder folder_;
  FakeModelLoader loader_;
  FakeClock clock_;
  ServerOptions options_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<inference::GRPCInferenceService::Stub> stub_;
  std::thread running_;
  absl::Status outcome_;  // of Run
};

TEST_F(ServerTest, ServesWhatItLoadedAtStart) {
  Start();
  EXPECT_TRUE(Infer().ok());
}

TEST_F(ServerTest, WritesThePortsItBound) {
  options_.port_file = folder_.PathOf("ports");
  Start();
  std::ifstream file(options_.port_file);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  EXPECT_EQ(text, absl::StrCat("grpc_port=", server_->ports().grpc_port,
                               "\nmetrics_port=", server_->ports().metrics_port,
                               "\nhealth_port=0\n"));
}

TEST_F(ServerTest, RefusesAFolderThatIsNotThere) {
  options_.repository.root = folder_.PathOf("none");
  EXPECT_THAT(Server::Start(options_, loader_, clock_),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(ServerTest, EndsWhereAPortIsTaken) {
  Start();
  ServerOptions second = options_;
  second.grpc_port = server_->ports().grpc_port;
  EXPECT_THAT(Server::Start(second, loader_, clock_),
              StatusIs(absl::StatusCode::kUnavailable,
                       AllOf(HasSubstr("--grpc_port"),
                             HasSubstr(absl::StrCat(second.grpc_port)))));
  second = options_;
  second.metrics_port = server_->ports().metrics_port;
  EXPECT_THAT(Server::Start(second, loader_, clock_),
              StatusIs(absl::StatusCode::kUnavailable,
                       AllOf(HasSubstr("--metrics_port"),
                             HasSubstr(absl::StrCat(second.metrics_port)))));
  second = options_;
  second.health_port = server_->ports().grpc_port;
  EXPECT_THAT(
      Server::Start(second, loader_, clock_),
      StatusIs(absl::StatusCode::kUnavailable, HasSubstr("--health_port")));
}

TEST_F(ServerTest, ServesOnWhileItSaysThatItIsNotReady) {
  Start();
  HealthWatch readiness(channel_, "");
  EXPECT_EQ(readiness.Next(), HealthCheckResponse::SERVING);
  server_->RequestStop();
  EXPECT_EQ(readiness.Next(), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(readiness.Next(), HealthCheckResponse::UNKNOWN);  // ended
  EXPECT_TRUE(Infer().ok());
}

TEST_F(ServerTest, FinishesWhatIsQueuedAndThenEnds) {
  Start();
  loader_.models().Block();
  auto answer = InferLater();
  loader_.models().AwaitBatches(1);
  HealthWatch readiness(channel_, "");
  readiness.Next();
  server_->RequestStop();
  readiness.Next();  // the delay has begun
  clock_.Advance(options_.drain_delay);
  loader_.models().Unblock();
  running_.join();
  EXPECT_THAT(outcome_, IsOk());
  EXPECT_TRUE(answer.get().ok());
  EXPECT_EQ(Infer().error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(loader_.models().live_models(), 0);
}

TEST_F(ServerTest, RefusesNewRequestsWithADelayWhileItFinishesOthers) {
  Start();
  loader_.models().Block();
  auto answer = InferLater();
  loader_.models().AwaitBatches(1);
  BeginRefusing();

  const grpc::Status refused = Infer();

  EXPECT_EQ(refused.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(RetryDelayOf(FromGrpcStatus(refused)), Optional(_));
  const grpc::Status load = Load();
  EXPECT_EQ(load.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(RetryDelayOf(FromGrpcStatus(load)), Optional(_));
  loader_.models().Unblock();
  EXPECT_TRUE(answer.get().ok());
}

TEST_F(ServerTest, SaysThatRequestsWereLeftWhenItsTimeIsOver) {
  Start();
  loader_.models().Block();
  auto running = InferLater();
  loader_.models().AwaitBatches(1);
  auto queued = InferLater();
  BeginRefusing();

  clock_.Advance(options_.drain_timeout);

  EXPECT_EQ(queued.get().error_code(), grpc::StatusCode::UNAVAILABLE);
  loader_.models().Unblock();
  EXPECT_TRUE(running.get().ok());
  running_.join();
  EXPECT_THAT(outcome_, StatusIs(absl::StatusCode::kDeadlineExceeded,
                                 HasSubstr("--drain_timeout=30s")));
}

TEST_F(ServerTest, ASecondRequestGivesUpWhatIsQueued) {
  Start();
  loader_.models().Block();
  auto running = InferLater();
  loader_.models().AwaitBatches(1);
  auto queued = InferLater();
  server_->RequestStop();
  server_->RequestStop();
  EXPECT_EQ(queued.get().error_code(), grpc::StatusCode::UNAVAILABLE);
  loader_.models().Unblock();
  running_.join();
  EXPECT_THAT(outcome_, IsOk());
  EXPECT_TRUE(running.get().ok());
}

TEST_F(ServerTest, ASecondRequestGivesUpTextsThatAreNotTokensYet) {
  loader_.models().TakeText();
  Start();
  loader_.models().BlockTexts();
  auto answer = EmbedLater(/*num_texts=*/10000);
  loader_.models().AwaitTexts(1);
  BeginRefusing();

  server_->RequestStop();
  loader_.models().UnblockTexts();

  const grpc::Status status = answer.get();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(RetryDelayOf(FromGrpcStatus(status)), Optional(_));
  running_.join();
  EXPECT_LT(loader_.models().num_texts(), 1000) << "one row a thread";
}

TEST_F(ServerTest, FinishesTextsThatWereAcceptedBeforeItDrained) {
  loader_.models().TakeText();
  Start();
  loader_.models().BlockTexts();
  auto answer = EmbedLater(/*num_texts=*/100);
  loader_.models().AwaitTexts(1);
  BeginRefusing();

  loader_.models().UnblockTexts();

  EXPECT_TRUE(answer.get().ok());
  running_.join();
  EXPECT_THAT(outcome_, IsOk());
}

TEST_F(ServerTest, AStuckWorkerEndsLiveness) {
  Start();
  HealthWatch liveness(channel_, "liveness");
  EXPECT_EQ(liveness.Next(), HealthCheckResponse::SERVING);
  loader_.models().Block();
  auto answer = InferLater();
  loader_.models().AwaitBatches(1);
  clock_.Advance(options_.watchdog_timeout + absl::Seconds(1));
  EXPECT_EQ(liveness.Next(), HealthCheckResponse::NOT_SERVING);
  loader_.models().Unblock();
  answer.wait();
}

TEST_F(ServerTest, AStuckWorkerIsNotAliveToTheSupervisor) {
  FakeSupervisor supervisor(absl::StrCat("@server-test-", getpid()));
  options_.notify_socket = supervisor.name();
  Start();
  EXPECT_EQ(supervisor.Next(), "WATCHDOG=1\nREADY=1\nSTATUS=serving");
  loader_.models().Block();
  auto answer = InferLater();
  loader_.models().AwaitBatches(1);
  clock_.Advance(options_.watchdog_timeout + absl::Seconds(1));
  EXPECT_THAT(supervisor.Next(), StartsWith("STATUS=worker 0 has been at"));
  loader_.models().Unblock();
  answer.wait();
}

TEST_F(ServerTest, ACollectiveThatNothingEndsEndsLiveness) {
  Start();
  HealthWatch liveness(channel_, "liveness");
  EXPECT_EQ(liveness.Next(), HealthCheckResponse::SERVING);
  loader_.BlockInCollective();
  auto load = std::async(std::launch::async, [this] { return Load(); });
  loader_.AwaitLoads(2);
  clock_.Advance(2 * options_.watchdog_timeout);
  EXPECT_EQ(liveness.Next(), HealthCheckResponse::NOT_SERVING);
  loader_.Unblock();
  EXPECT_TRUE(load.get().ok());
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(liveness.Next(), HealthCheckResponse::SERVING);
}

TEST_F(ServerTest, WarnsOfWhoeverCouldUseItFromOtherMachines) {
  // The loopback's address in a form that does not look like it.
  options_.grpc_address = "::ffff:127.0.0.1";
  RecordedLog log;
  { const auto server = *Server::Start(options_, loader_, clock_); }
  EXPECT_THAT(log.messages(),
              Contains(AllOf(HasSubstr("--grpc_address=::ffff:127.0.0.1"),
                             HasSubstr("--tls_cert_file"),
                             HasSubstr("--tls_client_ca_file"),
                             HasSubstr("--auth_token_file"))));
}

TEST_F(ServerTest, ChecksTokensBeforeAnythingElse) {
  options_.security.auth_token_file =
      folder_.Write("tokens", "alice infer\nroot admin\n");
  Start();
  EXPECT_EQ(Infer().error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(Load().error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(ServerTest, DoesNotStartWithWrongFilesForItsSecurity) {
  options_.security.auth_token_file = folder_.Write("tokens", "alice\n");
  EXPECT_THAT(Server::Start(options_, loader_, clock_),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("--auth_token_file")));
  EXPECT_THAT(loader_.requests(), IsEmpty());
}

TEST_F(ServerTest, StopsWithoutHavingRun) {
  auto server = *Server::Start(options_, loader_, clock_);
  server.reset();
  EXPECT_EQ(loader_.models().live_models(), 0);
}

}  // namespace
}  // namespace transformerd
