#include "model/loading/weight_loader.h"

#include <memory>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/loading/in_process.h"
#include "tests/fakes/fake_device_memory.h"
#include "tests/fakes/fake_transport.h"
#include "tests/matchers/status_matchers.h"
#include "tests/model/loading/toy_checkpoint.h"

namespace transformerd {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::SizeIs;

// A parameter of three buckets, one that is cast, one that is initialised.
constexpr int kNumBuckets = 5;

class LoadFixture : public testing::Test {
 protected:
  explicit LoadFixture(int world_size) : world_size_(world_size) {
    AddSlot(slots_, "large", {384});
    AddSlot(slots_, "cast", {128});
    AddSlot(slots_, "new", {128});
    file_.Add("large", {384});
    file_.Add("cast", {128}, DType::kF16);
    LoadPlanOptions options;
    options.strict = false;
    options.bucket_bytes = 512;
    plan_ = std::make_unique<LoadPlan>(*LoadPlan::Create(
        slots_, file_.entries(), MapByName(slots_, file_), options));
    CHECK_EQ(plan_->num_buckets(), kNumBuckets);
    ResetTransports();
  }

  // A fresh group, as each load wants it.
  void ResetTransports() {
    transports_.clear();
    for (auto& transport : MakeInProcessGroup(world_size_)) {
      transports_.push_back(
          std::make_unique<FakeTransport>(std::move(transport)));
    }
  }

  // Has the weights put on devices from now on, fresh ones.
  void ResetDevices() {
    devices_.clear();
    devices_.resize(world_size_);
  }

  absl::StatusOr<LoadedWeights> Load() {
    std::vector<LoadRank> ranks;
    for (int rank = 0; rank < world_size_; ++rank) {
      ranks.push_back({slots_, transports_[rank].get(),
                       devices_.empty() ? nullptr : &devices_[rank]});
    }
    return LoadWeights(*plan_, file_, ranks, control_, options_);
  }

  const int world_size_;
  SlotVector slots_;
  ToyCheckpoint file_;
  std::unique_ptr<LoadPlan> plan_;
  std::vector<std::unique_ptr<FakeTransport>> transports_;
  std::vector<FakeDeviceMemory> devices_;  // none: the weights stay in arenas
  LoadControl control_;
  WeightLoaderOptions options_;
};

// The parameter is the number of ranks.
class WeightLoaderTest : public LoadFixture,
                         public testing::WithParamInterface<int> {
 protected:
  WeightLoaderTest() : LoadFixture(GetParam()) {}
};

TEST_P(WeightLoaderTest, FillsAllRanksWithTheSameBytes) {
  ASSERT_OK_AND_ASSIGN(const LoadedWeights weights, Load());

  ASSERT_THAT(weights.arenas, SizeIs(GetParam()));
  for (const std::unique_ptr<Arena>& arena : weights.arenas) {
    EXPECT_EQ(arena->bytes(), weights.arenas[0]->bytes());
  }
  const auto large = weights.arenas.back()->Range(0, 1536);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(large.data()), 1536),
            file_.BytesOfTensor("large"));
}

TEST_P(WeightLoaderTest, ReadsEachByteOnceWhateverTheNumberOfRanks) {
  ASSERT_OK_AND_ASSIGN(const LoadedWeights weights, Load());

  EXPECT_EQ(weights.bytes_read, 1536 + 256);
  EXPECT_EQ(file_.bytes_read(), 1536 + 256);
  EXPECT_EQ(weights.bytes_broadcast, plan_->arena_bytes() * (GetParam() - 1));
}

TEST_P(WeightLoaderTest, ReportsProgress) {
  ASSERT_THAT(Load(), IsOk());

  const LoadProgress progress = control_.progress();
  EXPECT_EQ(progress.phase, LoadPhase::kStream);
  EXPECT_EQ(progress.tensors_total, 2);
  EXPECT_EQ(progress.tensors_done, 2);
  EXPECT_EQ(progress.bytes_total, 1792);
  EXPECT_EQ(progress.bytes_done, 1792);
}

TEST_P(WeightLoaderTest, ARankThatFailsBeforehandStopsAllBeforeARead) {
  transports_.back()->FailAgree(absl::ResourceExhaustedError("no memory"));

  EXPECT_THAT(Load(),
              StatusIs(absl::StatusCode::kResourceExhausted, "no memory"));
  EXPECT_THAT(file_.reads(), IsEmpty());
}

TEST_P(WeightLoaderTest, ACancelledLoadReadsNothing) {
  control_.Cancel(absl::CancelledError("unloaded"));

  EXPECT_THAT(Load(), StatusIs(absl::StatusCode::kCancelled, "unloaded"));
  EXPECT_THAT(file_.reads(), IsEmpty());
}

// The read of bucket 2 is under way while the load is cancelled.
TEST_P(WeightLoaderTest, ACancellationTakesEffectWithinABucket) {
  absl::Notification reading, cancelled;
  file_.OnRead(2, [&] {
    reading.Notify();
    cancelled.WaitForNotification();
    return absl::OkStatus();
  });
  std::thread canceller([&] {
    reading.WaitForNotification();
    control_.Cancel(absl::CancelledError("unloaded"));
    cancelled.Notify();
  });

  EXPECT_THAT(Load(), StatusIs(absl::StatusCode::kCancelled, "unloaded"));

  canceller.join();
  EXPECT_THAT(file_.reads(), SizeIs(3));
}

TEST_P(WeightLoaderTest, LoadsAPlanWithoutBytes) {
  ToyCheckpoint empty;
  ASSERT_OK_AND_ASSIGN(*plan_,
                       LoadPlan::Create({}, empty.entries(), NameMap(), {}));
  slots_.clear();

  ASSERT_OK_AND_ASSIGN(const LoadedWeights weights, Load());

  EXPECT_EQ(weights.bytes_read, 0);
}

TEST_P(WeightLoaderTest, EachRankMayReadItsShareOfTheBuckets) {
  ASSERT_OK_AND_ASSIGN(const LoadedWeights alone, Load());
  ResetTransports();
  options_.source = SourcePolicy::kRoundRobin;

  ASSERT_OK_AND_ASSIGN(const LoadedWeights shared, Load());

  for (const std::unique_ptr<Arena>& arena : shared.arenas) {
    EXPECT_EQ(arena->bytes(), alone.arenas[0]->bytes());
  }
  EXPECT_EQ(shared.bytes_read, 1536 + 256);
  EXPECT_EQ(shared.bytes_broadcast, alone.bytes_broadcast);
}

TEST_P(WeightLoaderTest, EachRankMayReadForItself) {
  ASSERT_OK_AND_ASSIGN(const LoadedWeights alone, Load());
  ResetTransports();
  options_.strategy = LoadingStrategy::kFreeForAll;

  ASSERT_OK_AND_ASSIGN(const LoadedWeights free, Load());

  for (const std::unique_ptr<Arena>& arena : free.arenas) {
    EXPECT_EQ(arena->bytes(), alone.arenas[0]->bytes());
  }
  EXPECT_EQ(free.bytes_read, (1536 + 256) * GetParam());
  EXPECT_EQ(free.bytes_broadcast, 0);
  EXPECT_EQ(transports_[0]->broadcasts(), 0);
}

// Over what is read once, and over what each rank or another one reads.
TEST_P(WeightLoaderTest, FillsDevicesFromTheArenasThatWereReadInto) {
  ASSERT_OK_AND_ASSIGN(const LoadedWeights alone, Load());
  for (const LoadingStrategy strategy :
       {LoadingStrategy::kMemoryEfficient, LoadingStrategy::kFreeForAll}) {
    for (const SourcePolicy source :
         {SourcePolicy::kRankZero, SourcePolicy::kRoundRobin}) {
      ResetTransports();
      ResetDevices();
      options_.strategy = strategy;
      options_.source = source;

      ASSERT_OK_AND_ASSIGN(const LoadedWeights weights, Load());

      for (const FakeDeviceMemory& device : devices_) {
        EXPECT_EQ(device.bytes(), alone.arenas[0]->bytes());
        EXPECT_EQ(device.writes(), kNumBuckets);
      }
      EXPECT_EQ(transports_[0]->broadcasts(), 0);
      if (strategy == LoadingStrategy::kFreeForAll) continue;
      EXPECT_EQ(weights.bytes_read, alone.bytes_read);
      EXPECT_EQ(weights.bytes_broadcast, alone.bytes_broadcast);
    }
  }
}

TEST_P(WeightLoaderTest, ATransportMaySendFromDeviceToDevice) {
  ASSERT_OK_AND_ASSIGN(const LoadedWeights alone, Load());
  ResetTransports();
  ResetDevices();
  options_.sends_between_devices = true;

  ASSERT_OK_AND_ASSIGN(const LoadedWeights weights, Load());

  for (const FakeDeviceMemory& device : devices_) {
    EXPECT_EQ(device.bytes(), alone.arenas[0]->bytes());
  }
  EXPECT_EQ(devices_[0].writes(), kNumBuckets);
  EXPECT_EQ(transports_[0]->broadcasts(), kNumBuckets);
  EXPECT_EQ(weights.bytes_broadcast, alone.bytes_broadcast);
  ASSERT_NE(weights.arenas[0], nullptr);
  for (int rank = 1; rank < GetParam(); ++rank) {
    EXPECT_EQ(devices_[rank].writes(), 0);
    EXPECT_EQ(weights.arenas[rank], nullptr);
  }
}

TEST_P(WeightLoaderTest, ADeviceWithoutRoomStopsAllBeforeARead) {
  ResetDevices();
  devices_.back().FailAllocate(absl::ResourceExhaustedError("full"));

  EXPECT_THAT(Load(),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       absl::StrCat("rank ", GetParam() - 1, ": full")));
  EXPECT_THAT(file_.reads(), IsEmpty());
}

TEST_P(WeightLoaderTest, ADeviceThatFailsStopsAllRanks) {
  ResetDevices();
  devices_.back().FailWrites(absl::InternalError("fell off the bus"));

  EXPECT_THAT(Load(), StatusIs(absl::StatusCode::kInternal,
                               absl::StrCat("rank ", GetParam() - 1,
                                            ": fell off the bus")));
}

INSTANTIATE_TEST_SUITE_P(Ranks, WeightLoaderTest, testing::Values(1, 2, 3, 4));

// The parameter is the rank that fails, of four.
class AgreeFaultTest : public LoadFixture,
                       public testing::WithParamInterface<int> {
 protected:
  AgreeFaultTest() : LoadFixture(/*world_size=*/4) {}
};

TEST_P(AgreeFaultTest, EachRankCanStopTheLoad) {
  transports_[GetParam()]->FailAgree(absl::InternalError("rank failed"));

  EXPECT_THAT(Load(), StatusIs(absl::StatusCode::kInternal, "rank failed"));
  EXPECT_THAT(file_.reads(), IsEmpty());
}

TEST_P(AgreeFaultTest, AnotherPlanOnARankStopsTheLoad) {
  transports_[GetParam()]->ChangeDigest();

  EXPECT_THAT(Load(), StatusIs(absl::StatusCode::kInternal,
                               HasSubstr("the load plan of rank 0 is not")));
  EXPECT_THAT(file_.reads(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(FailingRank, AgreeFaultTest,
                         testing::Values(0, 1, 2, 3));

TEST(WeightLoaderSlotsTest, ARankWithOtherSlotsStopsTheLoad) {
  SlotVector slots, other_slots;
  AddSlot(slots, "a", {2, 3});
  AddSlot(other_slots, "a", {3, 2});
  ToyCheckpoint file;
  file.Add("a", {2, 3});
  ASSERT_OK_AND_ASSIGN(
      const LoadPlan plan,
      LoadPlan::Create(slots, file.entries(), MapByName(slots, file), {}));
  const auto group = MakeInProcessGroup(2);
  LoadControl control;

  EXPECT_THAT(
      LoadWeights(plan, file,
                  {{slots, group[0].get()}, {other_slots, group[1].get()}},
                  control),
      StatusIs(absl::StatusCode::kInternal, HasSubstr("rank 1")));
  EXPECT_THAT(file.reads(), IsEmpty());
}

// The parameters are the number of ranks and the bucket of the fault.
class StreamFaultTest
    : public LoadFixture,
      public testing::WithParamInterface<std::tuple<int, int>> {
 protected:
  StreamFaultTest() : LoadFixture(std::get<0>(GetParam())) {}
  int bucket() const { return std::get<1>(GetParam()); }
};

// The last bucket is initialised, not read.
TEST_P(StreamFaultTest, AReadErrorStopsAllRanks) {
  if (bucket() == kNumBuckets - 1) return;
  file_.OnRead(bucket(), [] { return absl::DataLossError("bad sector"); });

  EXPECT_THAT(Load(),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("bad sector")));
  EXPECT_THAT(file_.reads(), SizeIs(bucket() + 1));
  for (const auto& transport : transports_) {
    EXPECT_THAT(transport->broadcasts(), Le(bucket() + 1));
  }
}

TEST_P(StreamFaultTest, AFailingFirstRankStopsAllOthers) {
  transports_.front()->FailBroadcast(bucket(), absl::AbortedError("lost"));

  EXPECT_THAT(Load(), StatusIs(absl::StatusCode::kAborted, "lost"));
}

TEST_P(StreamFaultTest, AFailingLastRankStopsAllOthers) {
  transports_.back()->FailBroadcast(bucket(), absl::AbortedError("lost"));

  EXPECT_THAT(Load(), StatusIs(absl::StatusCode::kAborted, "lost"));
  for (const auto& transport : transports_) {
    EXPECT_THAT(transport->broadcasts(), Le(bucket() + 1));
  }
}

INSTANTIATE_TEST_SUITE_P(RanksAndBuckets, StreamFaultTest,
                         testing::Combine(testing::Values(1, 2, 3, 4),
                                          testing::Range(0, kNumBuckets)));

}  // namespace
}  // namespace transformerd
