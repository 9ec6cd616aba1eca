// What a load does when something goes wrong in the middle of it, as tests over
// a function that makes the group. A test program includes this file once and
// instantiates LoadFaultTest.
#pragma once

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/host_tensor.h"
#include "model/base/regular_file.h"
#include "model/checkpoint/safetensors.h"
#include "model/loading/weight_loader.h"
#include "tests/fakes/fake_checkpoint_reader.h"
#include "tests/fakes/fake_transport.h"
#include "tests/fakes/safetensors_bytes.h"
#include "tests/fakes/temporary_folder.h"
#include "tests/matchers/status_matchers.h"
#include "tests/model/loading/toy_checkpoint.h"
#include "tests/model/loading/transport_case.h"

namespace transformerd {

// A real file of one tensor in three buckets and one in another.
class LoadFaultTest : public testing::TestWithParam<TransportCase> {
 protected:
  static constexpr int kNumBuckets = 4;
  // Far less than the time-out of a group that no test waits for.
  static constexpr absl::Duration kSoon = absl::Seconds(2);

  LoadFaultTest() : path_(folder_.Write("model.safetensors", FileBytes(1))) {
    AddSlot(slots_, "large", {384});
    AddSlot(slots_, "small", {128});
    Reset();
  }

  int world_size() const { return GetParam().world_size; }
  int last_rank() const { return world_size() - 1; }

  static std::string FileBytes(float value) {
    const auto tensor = [value](int64_t size) {
      return MakeTensor({size}, std::vector<float>(size, value));
    };
    return SafetensorsBytes({{"large", tensor(384)}, {"small", tensor(128)}});
  }

  // Everything that a load uses up, anew.
  void Reset(absl::Duration timeout = absl::Seconds(20)) {
    file_ = *OpenSafetensors(path_);
    reader_ = std::make_unique<FakeCheckpointReader>(*file_);
    LoadPlanOptions options;
    options.bucket_bytes = 512;
    plan_ = std::make_unique<LoadPlan>(*LoadPlan::Create(
        slots_, file_->entries(), MapByName(slots_, *file_), options));
    ASSERT_EQ(plan_->num_buckets(), kNumBuckets);
    transports_.clear();
    for (auto& transport : GetParam().make(world_size(), timeout)) {
      transports_.push_back(
          std::make_unique<FakeTransport>(std::move(transport)));
    }
    control_ = std::make_unique<LoadControl>();
    options_ = WeightLoaderOptions();
  }

  absl::StatusOr<LoadedWeights> Load() {
    std::vector<LoadRank> ranks;
    for (const auto& transport : transports_) {
      ranks.push_back({slots_, transport.get()});
    }
    return LoadWeights(*plan_, *reader_, ranks, *control_, options_);
  }

  // The load fails as `is_right` says, soon, and after at most so many reads;
  // it gives all memory back, and goes well when it is tried again. All is
  // fresh afterwards.
  void ExpectFailsOnce(const testing::Matcher<absl::Status>& is_right,
                       int most_reads = kNumBuckets) {
    const int64_t bytes_before = Arena::TotalBytes();
    const absl::Time start = absl::Now();
    EXPECT_THAT(Load().status(), is_right);
    EXPECT_LT(absl::Now() - start, kSoon);
    EXPECT_LE(reader_->num_reads(), most_reads);
    EXPECT_EQ(Arena::TotalBytes(), bytes_before);
    ExpectLoads(1);
    Reset();
  }

  // A fresh load fills all ranks with `value`.
  void ExpectLoads(float value) {
    Reset();
    absl::StatusOr<LoadedWeights> weights = Load();
    ASSERT_THAT(weights, IsOk());
    ExpectHolds(*weights, value);
  }

  void ExpectHolds(const LoadedWeights& weights, float value) {
    ASSERT_THAT(weights.arenas, testing::SizeIs(world_size()));
    for (const std::unique_ptr<Arena>& arena : weights.arenas) {
      const auto* const floats =
          reinterpret_cast<const float*>(arena->bytes().data());
      EXPECT_THAT(std::vector<float>(floats, floats + 512),
                  testing::Each(value));
    }
  }

  static testing::Matcher<absl::Status> Fails(absl::StatusCode code,
                                              const std::string& text) {
    return StatusIs(code, testing::HasSubstr(text));
  }

  static absl::Status Throw() { throw std::runtime_error("thrown"); }

  const TemporaryFolder folder_;
  const std::string path_;
  SlotVector slots_;
  std::unique_ptr<CheckpointReader> file_;
  std::unique_ptr<FakeCheckpointReader> reader_;
  std::unique_ptr<LoadPlan> plan_;
  std::vector<std::unique_ptr<FakeTransport>> transports_;
  std::unique_ptr<LoadControl> control_;
  WeightLoaderOptions options_;
};

TEST_P(LoadFaultTest, AFileThatShrinksIsNamedWithRankAndTensor) {
  reader_->OnRead(2, [this] {
    EXPECT_EQ(truncate(path_.c_str(), 600), 0);
    return absl::OkStatus();
  });
  const int64_t bytes_before = Arena::TotalBytes();

  EXPECT_THAT(Load().status(),
              testing::AllOf(HasReason(Reason::kTruncated),
                             Fails(absl::StatusCode::kFailedPrecondition,
                                   "rank 0: tensor \"large\": "
                                   "model.safetensors: ends at byte")));

  EXPECT_EQ(Arena::TotalBytes(), bytes_before);
  folder_.Write("model.safetensors", FileBytes(1));
  ExpectLoads(1);
}

TEST_P(LoadFaultTest, AFileThatIsWrittenToIsRefused) {
  reader_->OnRead(2, [this] {
    // Time has moved on since the file was made, whatever its file system's
    // clock counts in.
    const absl::Time opened = *RegularFile::Open(path_)->modified_at();
    while (*RegularFile::Open(path_)->modified_at() == opened) {
      std::ofstream(path_, std::ios::binary) << FileBytes(2);
    }
    return absl::OkStatus();
  });

  EXPECT_THAT(Load().status(),
              Fails(absl::StatusCode::kFailedPrecondition,
                    "model.safetensors: was written to while"));

  ExpectLoads(2);
}

TEST_P(LoadFaultTest, AFileThatIsReplacedIsReadToItsEnd) {
  reader_->OnRead(2, [this] {
    const std::string other = folder_.Write("other", FileBytes(2));
    EXPECT_EQ(std::rename(other.c_str(), path_.c_str()), 0);
    return absl::OkStatus();
  });

  ASSERT_OK_AND_ASSIGN(const LoadedWeights weights, Load());

  ExpectHolds(weights, 1);
  ExpectLoads(2);
}

TEST_P(LoadFaultTest, AFileThatDisappearsIsReadToItsEnd) {
  reader_->OnRead(2, [this] {
    EXPECT_EQ(unlink(path_.c_str()), 0);
    return absl::OkStatus();
  });

  ASSERT_OK_AND_ASSIGN(const LoadedWeights weights, Load());

  ExpectHolds(weights, 1);
}

TEST_P(LoadFaultTest, AReadErrorIsNamedWithRankAndTensor) {
  for (int bucket = 0; bucket < kNumBuckets; ++bucket) {
    reader_->OnRead(bucket + 1, [] {
      return absl::FailedPreconditionError("Input/output error");
    });
    ExpectFailsOnce(
        Fails(absl::StatusCode::kFailedPrecondition,
              absl::StrCat("rank 0: tensor \"", bucket < 3 ? "large" : "small",
                           "\": Input/output error")));
  }
}

TEST_P(LoadFaultTest, AReaderThatThrowsIsAnError) {
  reader_->OnRead(3, Throw);
  ExpectFailsOnce(Fails(absl::StatusCode::kInternal, "rank 0: thrown"));
}

TEST_P(LoadFaultTest, EachRankMayThrowBeforeTheAgreement) {
  for (int rank = 0; rank < world_size(); ++rank) {
    transports_[rank]->OnAgree(0, Throw);
    ExpectFailsOnce(Fails(absl::StatusCode::kInternal,
                          absl::StrCat("rank ", rank, ": thrown")));
  }
}

TEST_P(LoadFaultTest, EachRankMayThrowInTheStream) {
  for (int rank = 0; rank < world_size(); ++rank) {
    for (int bucket = 0; bucket < kNumBuckets; ++bucket) {
      transports_[rank]->OnBroadcast(bucket, Throw);
      ExpectFailsOnce(Fails(absl::StatusCode::kInternal,
                            absl::StrCat("rank ", rank, ": thrown")));
    }
  }
}

TEST_P(LoadFaultTest, EachRankMayThrowOrFailAtTheBarrier) {
  for (int rank = 0; rank < world_size(); ++rank) {
    transports_[rank]->OnAgree(1, Throw);
    ExpectFailsOnce(Fails(absl::StatusCode::kInternal,
                          absl::StrCat("rank ", rank, ": thrown")));
    transports_[rank]->OnAgree(1, [] { return absl::DataLossError("lost"); });
    ExpectFailsOnce(Fails(absl::StatusCode::kDataLoss, "lost"));
  }
}

TEST_P(LoadFaultTest, MemoryMayRunOutOnEachRank) {
  for (int failing = 0; failing < world_size(); ++failing) {
    std::atomic<int> allocations = 0;
    options_.allocate = [&](int64_t size_bytes) {
      if (allocations++ != failing) return Arena::Create(size_bytes);
      return absl::StatusOr<std::unique_ptr<Arena>>(
          absl::ResourceExhaustedError("no memory"));
    };
    ExpectFailsOnce(
        testing::AllOf(Fails(absl::StatusCode::kResourceExhausted, "no memory"),
                       Fails(absl::StatusCode::kResourceExhausted, "rank ")));
  }
}

TEST_P(LoadFaultTest, AnAllocatorThatThrowsIsAnError) {
  options_.allocate = [](int64_t) -> absl::StatusOr<std::unique_ptr<Arena>> {
    throw std::bad_alloc();
  };
  ExpectFailsOnce(
      Fails(absl::StatusCode::kResourceExhausted, "rank 0: out of memory"));
}

// The stalling rank is let go by the abort that follows the time-out.
TEST_P(LoadFaultTest, ARankThatStallsFailsTheLoadAfterTheTimeout) {
  if (world_size() == 1) return;  // nobody waits for it
  constexpr absl::Duration kTimeout = absl::Milliseconds(200);
  for (const bool in_stream : {false, true}) {
    Reset(kTimeout);
    FakeTransport& stalling = *transports_[last_rank()];
    const auto stall = [&stalling] { return stalling.StallUntilAborted(); };
    if (in_stream) {
      stalling.OnBroadcast(2, stall);
    } else {
      stalling.OnAgree(1, stall);
    }
    ExpectFailsOnce(Fails(absl::StatusCode::kDeadlineExceeded,
                          absl::StrCat("rank ", last_rank(), " kept")));
  }
}

// No bucket is begun once the load was cancelled.
TEST_P(LoadFaultTest, ACancellationEndsEachPhase) {
  const auto cancel = [this] {
    control_->Cancel(absl::CancelledError("unloaded"));
    return absl::OkStatus();
  };
  const auto is_cancelled = Fails(absl::StatusCode::kCancelled, "unloaded");
  options_.allocate = [&](int64_t size_bytes) {
    cancel().IgnoreError();
    return Arena::Create(size_bytes);
  };
  ExpectFailsOnce(is_cancelled, /*most_reads=*/0);
  transports_[0]->OnAgree(0, cancel);
  ExpectFailsOnce(is_cancelled, /*most_reads=*/0);
  for (int read = 1; read <= kNumBuckets; ++read) {
    reader_->OnRead(read, cancel);
    ExpectFailsOnce(is_cancelled, /*most_reads=*/read);
  }
  for (int bucket = 0; bucket < kNumBuckets; ++bucket) {
    transports_[0]->OnBroadcast(bucket, cancel);
    ExpectFailsOnce(is_cancelled);
  }
  transports_[0]->OnAgree(1, cancel);
  ExpectFailsOnce(is_cancelled);
}

}  // namespace transformerd
