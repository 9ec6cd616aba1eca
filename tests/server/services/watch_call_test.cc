#include "server/services/watch_call.h"

#include <future>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "tests/matchers/status_matchers.h"
#include "tests/server/services/model_test_server.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr absl::Duration kInterval = absl::Milliseconds(100);

// One WatchModel stream.
class Watcher {
 public:
  Watcher(v1::ModelService::Stub& stub, const std::string& model, bool follow) {
    v1::WatchModelRequest request;
    request.set_model(model);
    request.set_follow(follow);
    context_.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(20)));
    reader_ = stub.WatchModel(&context_, request);
  }
  ~Watcher() { context_.TryCancel(); }

  // The next update, of phase UNSPECIFIED and without state at the end.
  v1::WatchModelResponse Next() {
    v1::WatchModelResponse update;
    reader_->Read(&update);
    return update;
  }
  // The names of the phases until the outcome, which is kept.
  std::vector<std::string> PhasesToTheEnd() {
    std::vector<std::string> phases;
    v1::WatchModelResponse update;
    while (reader_->Read(&update) && !update.has_outcome()) {
      phases.push_back(v1::LoadPhase_Name(update.progress().phase()));
    }
    last_ = update;
    return phases;
  }
  const v1::WatchModelResponse& last() const { return last_; }
  absl::Status End() { return FromGrpcStatus(reader_->Finish()); }
  void Cancel() { context_.TryCancel(); }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::WatchModelResponse>> reader_;
  v1::WatchModelResponse last_;
};

class WatchCallTest : public ::testing::Test {
 protected:
  Watcher Watch(const std::string& model, bool follow = false) {
    return Watcher(server_.stub(), model, follow);
  }

  // Starts a load of "bert" and waits until it stands in its plan.
  void StartLoad() {
    server_.loader().Block();
    load_ = std::async(std::launch::async,
                       [this] { return server_.Load("bert").status(); });
    server_.loader().AwaitLoads(1);
  }
  absl::Status FinishLoad() {
    server_.loader().Unblock();
    return load_.get();
  }
  void Tick() {
    // The ticker, and the scheduler's thread.
    server_.clock().AwaitWaiters(2);
    server_.clock().Advance(kInterval);
  }

  ModelTestServer server_;
  std::future<absl::Status> load_;
};

TEST_F(WatchCallTest, AModelThatIsNotLoadingShowsItsStateAndThatIsAll) {
  Watcher unloaded = Watch("bert");
  EXPECT_EQ(unloaded.Next().state(), v1::Model::UNLOADED);
  EXPECT_THAT(unloaded.End(), IsOk());

  ASSERT_THAT(server_.Load("bert"), IsOk());
  Watcher ready = Watch("bert");
  const v1::WatchModelResponse update = ready.Next();
  EXPECT_EQ(update.state(), v1::Model::READY);
  EXPECT_EQ(update.version(), "1");
  EXPECT_EQ(update.operation(), 0);
  EXPECT_THAT(ready.End(), IsOk());
}

TEST_F(WatchCallTest, AnUnknownModelIsNotFound) {
  Watcher watcher = Watch("nobody");
  watcher.Next();
  EXPECT_THAT(watcher.End(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("nobody")));
}

TEST_F(WatchCallTest, TellsEveryPhaseAndTheReport) {
  StartLoad();
  Watcher watcher = Watch("bert");
  const v1::WatchModelResponse first = watcher.Next();
  EXPECT_EQ(first.state(), v1::Model::LOADING);
  EXPECT_EQ(first.progress().phase(), v1::PLAN);
  EXPECT_EQ(first.operation(), 1);

  ASSERT_THAT(FinishLoad(), IsOk());
  Tick();

  EXPECT_THAT(watcher.PhasesToTheEnd(), ElementsAre("STREAM"));
  const v1::WatchModelResponse& last = watcher.last();
  EXPECT_EQ(last.state(), v1::Model::READY);
  EXPECT_EQ(last.progress().phase(), v1::DONE);
  EXPECT_EQ(last.progress().bytes_done(), 1000);
  EXPECT_EQ(last.outcome().code(), "OK");
  EXPECT_EQ(last.outcome().versions(0).report().weight_bytes(), 1000);
  EXPECT_THAT(watcher.End(), IsOk());
}

TEST_F(WatchCallTest, AFailedLoadEndsWithItsOutcome) {
  StartLoad();
  Watcher watcher = Watch("bert");
  watcher.Next();
  server_.loader().FailWith(LoadError(Reason::kTruncated, "too short"));
  ASSERT_FALSE(FinishLoad().ok());
  Tick();

  watcher.PhasesToTheEnd();

  EXPECT_EQ(watcher.last().state(), v1::Model::FAILED);
  EXPECT_EQ(watcher.last().outcome().code(), "FAILED_PRECONDITION");
  EXPECT_EQ(watcher.last().outcome().reason(), "TRUNCATED");
  EXPECT_THAT(watcher.last().outcome().message(), HasSubstr("too short"));
  EXPECT_THAT(watcher.End(), IsOk());
}

TEST_F(WatchCallTest, AFollowerHearsOfLoadsThatBeginLater) {
  Watcher watcher = Watch("bert", /*follow=*/true);
  EXPECT_EQ(watcher.Next().state(), v1::Model::UNLOADED);
  for (int operation = 1; operation <= 2; ++operation) {
    // Short ones as well, which begin and end between two looks.
    ASSERT_THAT(server_.Load("bert"), IsOk());
    Tick();
    EXPECT_THAT(watcher.PhasesToTheEnd(), ElementsAre("PLAN", "STREAM"));
    EXPECT_EQ(watcher.last().operation(), operation);
  }
  watcher.Cancel();
  EXPECT_THAT(watcher.End(), StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(WatchCallTest, AFollowerHearsOfAnUnload) {
  ASSERT_THAT(server_.Load("bert"), IsOk());
  Watcher watcher = Watch("bert", /*follow=*/true);
  EXPECT_EQ(watcher.Next().state(), v1::Model::READY);
  ASSERT_THAT(server_.repository().Unload("bert"), IsOk());
  Tick();
  EXPECT_EQ(watcher.Next().state(), v1::Model::UNLOADED);
}

TEST_F(WatchCallTest, AFollowerDoesNotHoldADrainingDaemon) {
  Watcher watcher = Watch("bert", /*follow=*/true);
  watcher.Next();
  server_.health().StartDraining();
  Tick();
  EXPECT_THAT(watcher.End(), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(WatchCallTest, SeveralMayWatchOneLoad) {
  StartLoad();
  Watcher first = Watch("bert");
  Watcher second = Watch("bert");
  EXPECT_EQ(first.Next().progress().phase(), v1::PLAN);
  EXPECT_EQ(second.Next().progress().phase(), v1::PLAN);
  ASSERT_THAT(FinishLoad(), IsOk());
  Tick();
  EXPECT_THAT(first.PhasesToTheEnd(), ElementsAre("STREAM"));
  EXPECT_THAT(second.PhasesToTheEnd(), ElementsAre("STREAM"));
}

}  // namespace
}  // namespace transformerd
