// What a whole load does when something goes wrong in the middle of it, beside
// a model that goes on answering. See load_fault_suite.h for the faults of
// storage, ranks and transports.
#include <filesystem>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "model/loading/arena.h"
#include "model/runtime/model_loader.h"
#include "model/runtime/warm_up.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/temporary_folder.h"
#include "tests/matchers/status_matchers.h"
#include "tests/model/runtime/make_loader.h"

namespace transformerd {
namespace {

using ::testing::HasSubstr;

constexpr char kBertBase[] = "tests/testdata/goldens/bert_base/model";
constexpr char kSharded[] = "tests/testdata/goldens/bert_sharded/model";
constexpr int kNumWorkers = 2;

// Does something before each of its runs.
class InterruptedExecutor : public Executor {
 public:
  InterruptedExecutor(std::unique_ptr<Executor> executor,
                      std::function<absl::Status()> action)
      : executor_(std::move(executor)), action_(std::move(action)) {}

  absl::StatusOr<PackedOutputs> Run(const PackedBatch& batch) override {
    const absl::Status status = action_();
    if (!status.ok()) return status;
    return executor_->Run(batch);
  }

 private:
  const std::unique_ptr<Executor> executor_;
  const std::function<absl::Status()> action_;
};

// Two workers with a replica each, as ranks of one load.
class LoadFaultsTest : public testing::Test {
 protected:
  LoadFaultsTest() {
    options_.devices.assign(kNumWorkers, "cpu");
    options_.replicas.cpu_replicas = CpuReplicas::kPrivate;
    LoadControl control;
    auto other = MakeLoader(options_)->Load({kBertBase, {}}, control);
    EXPECT_THAT(other, IsOk());
    other_ = *std::move(other);
  }

  absl::Status Load(const LoadRequest& request) {
    LoadControl control;
    return MakeLoader(options_)->Load(request, control).status();
  }

  void ExpectOtherAnswers() {
    EXPECT_THAT(WarmUp(*other_, kNumWorkers, LoadControl()), IsOk());
  }

  // The load fails as `is_right` says and leaves nothing behind.
  void ExpectFails(const LoadRequest& request,
                   const testing::Matcher<absl::Status>& is_right) {
    const int64_t bytes_before = Arena::TotalBytes();
    EXPECT_THAT(Load(request), is_right);
    EXPECT_EQ(Arena::TotalBytes(), bytes_before);
    ExpectOtherAnswers();
  }

  // Has the executor of `worker` do this before each run.
  void Interrupt(int worker, std::function<absl::Status()> action) {
    options_.wrap_executor = [worker, action](
                                 int of, std::unique_ptr<Executor> executor) {
      return of == worker ? std::make_unique<InterruptedExecutor>(
                                std::move(executor), action)
                          : std::move(executor);
    };
  }

  ModelLoaderOptions options_;
  std::unique_ptr<LoadedModel> other_;
};

TEST_F(LoadFaultsTest, APlanThatThrowsIsAnError) {
  LoadRequest request = {kBertBase, {}};
  request.admit = [](const MemoryNeed&) -> absl::Status {
    throw std::runtime_error("thrown");
  };
  ExpectFails(request, StatusIs(absl::StatusCode::kInternal, "thrown"));

  request.admit = nullptr;
  EXPECT_THAT(Load(request), IsOk());
}

TEST_F(LoadFaultsTest, AShardThatIsGoneIsNamed) {
  TemporaryFolder folder;
  std::filesystem::copy(kSharded, folder.path());
  const std::string shard = folder.PathOf("model-00002-of-00003.safetensors");
  std::filesystem::rename(shard, folder.PathOf("elsewhere"));
  ExpectFails({folder.path(), {}},
              testing::AllOf(HasReason(Reason::kShardNotFound),
                             StatusIs(absl::StatusCode::kFailedPrecondition,
                                      HasSubstr("model-00002-of-00003"))));

  std::filesystem::rename(folder.PathOf("elsewhere"), shard);
  EXPECT_THAT(Load({folder.path(), {}}), IsOk());
}

TEST_F(LoadFaultsTest, EachWorkerMayThrowOrFailAtItsWarmUp) {
  for (int worker = 0; worker < kNumWorkers; ++worker) {
    const std::string name = absl::StrCat("warm-up of worker ", worker);
    Interrupt(worker,
              []() -> absl::Status { throw std::runtime_error("thrown"); });
    ExpectFails({kBertBase, {}}, StatusIs(absl::StatusCode::kInternal,
                                          absl::StrCat(name, ": thrown")));
    Interrupt(worker, [] { return absl::ResourceExhaustedError("full"); });
    ExpectFails({kBertBase, {}}, StatusIs(absl::StatusCode::kResourceExhausted,
                                          absl::StrCat(name, ": full")));
  }
  options_.wrap_executor = nullptr;
  EXPECT_THAT(Load({kBertBase, {}}), IsOk());
}

TEST_F(LoadFaultsTest, ACancellationEndsThePlanAndTheWarmUp) {
  const int64_t bytes_before = Arena::TotalBytes();
  const auto is_cancelled = StatusIs(absl::StatusCode::kCancelled, "unloaded");
  LoadControl in_plan, in_warm_up;
  const auto cancel = [](LoadControl& control) {
    control.Cancel(absl::CancelledError("unloaded"));
    return absl::OkStatus();
  };
  LoadRequest request = {kBertBase, {}};
  request.admit = [&](const MemoryNeed&) { return cancel(in_plan); };
  EXPECT_THAT(MakeLoader(options_)->Load(request, in_plan), is_cancelled);
  EXPECT_EQ(in_plan.progress().bytes_done, 0);
  EXPECT_EQ(Arena::TotalBytes(), bytes_before);

  Interrupt(0, [&] { return cancel(in_warm_up); });
  EXPECT_THAT(MakeLoader(options_)->Load({kBertBase, {}}, in_warm_up),
              is_cancelled);
  EXPECT_EQ(in_warm_up.progress().phase, LoadPhase::kWarmUp);
  EXPECT_EQ(Arena::TotalBytes(), bytes_before);
  ExpectOtherAnswers();
}

// Of loads that are held in the middle of their stream: no time passes unless
// a test says so.
class HeldLoadTest : public LoadFaultsTest {
 protected:
  HeldLoadTest() {
    options_.load_bandwidth_limit = 4096;
    options_.clock = &clock_;
  }

  // Returns when the load waits for its turn to read.
  void StartLoad(const std::string& directory) {
    load_ = std::thread([this, directory] {
      outcome_ = MakeLoader(options_)->Load({directory, {}}, control_).status();
      is_over_.Notify();
    });
    clock_.AwaitWaiters(1);
    EXPECT_EQ(control_.progress().phase, LoadPhase::kStream);
  }

  // The outcome, after as much time as it takes.
  absl::Status Finish() {
    while (!is_over_.HasBeenNotified()) {
      clock_.Advance(absl::Seconds(1));
      std::this_thread::yield();
    }
    load_.join();
    return outcome_;
  }

  FakeClock clock_;
  LoadControl control_{clock_};
  std::thread load_;
  absl::Status outcome_;
  absl::Notification is_over_;
};

TEST_F(HeldLoadTest, ACancelledLoadEndsAtOnceWhileAnotherModelAnswers) {
  const int64_t bytes_before = Arena::TotalBytes();
  StartLoad(kBertBase);
  EXPECT_GT(Arena::TotalBytes(), bytes_before);
  ExpectOtherAnswers();

  control_.Cancel(absl::CancelledError("unloaded"));
  load_.join();  // without the clock having moved

  EXPECT_THAT(outcome_, StatusIs(absl::StatusCode::kCancelled, "unloaded"));
  EXPECT_EQ(Arena::TotalBytes(), bytes_before);
  ExpectOtherAnswers();
}

TEST_F(HeldLoadTest, AShardThatDisappearsIsReadToItsEnd) {
  TemporaryFolder folder;
  std::filesystem::copy(kSharded, folder.path());
  StartLoad(folder.path());

  std::filesystem::remove(folder.PathOf("model-00003-of-00003.safetensors"));

  EXPECT_THAT(Finish(), IsOk());
  options_.load_bandwidth_limit = 0;
  EXPECT_THAT(Load({folder.path(), {}}), HasReason(Reason::kShardNotFound));
}

TEST_F(HeldLoadTest, AShardThatShrinksIsNamed) {
  TemporaryFolder folder;
  std::filesystem::copy(kSharded, folder.path());
  StartLoad(folder.path());

  std::filesystem::resize_file(
      folder.PathOf("model-00003-of-00003.safetensors"), 4096);

  const absl::Status status = Finish();
  EXPECT_THAT(status, HasReason(Reason::kTruncated));
  EXPECT_THAT(
      status,
      StatusIs(absl::StatusCode::kFailedPrecondition,
               testing::ContainsRegex("rank 0: tensor.*model-00003-of-00003")));
  ExpectOtherAnswers();
}

}  // namespace
}  // namespace transformerd
