#include "model/loading/in_process.h"

#include <functional>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Group = std::vector<std::unique_ptr<WeightTransport>>;

// Runs `body` for each rank on a thread of its own; the results, by rank.
std::vector<absl::Status> OnEachRank(
    const Group& group,
    const std::function<absl::Status(WeightTransport&)>& body) {
  std::vector<absl::Status> results(group.size());
  std::vector<std::thread> threads;
  for (size_t rank = 0; rank < group.size(); ++rank) {
    threads.emplace_back([&, rank] { results[rank] = body(*group[rank]); });
  }
  for (std::thread& thread : threads) thread.join();
  return results;
}

std::vector<std::byte> Filled(size_t size, int value) {
  return std::vector<std::byte>(size, static_cast<std::byte>(value));
}

class InProcessTest : public testing::TestWithParam<int> {
 protected:
  int world_size() const { return GetParam(); }
  const Group group_ = MakeInProcessGroup(GetParam());
};

TEST_P(InProcessTest, KnowsItsRanks) {
  for (int rank = 0; rank < world_size(); ++rank) {
    EXPECT_EQ(group_[rank]->rank(), rank);
    EXPECT_EQ(group_[rank]->world_size(), world_size());
  }
}

TEST_P(InProcessTest, AgreesOnTheSameDigest) {
  EXPECT_THAT(OnEachRank(group_,
                         [](WeightTransport& transport) {
                           return transport.Agree(absl::OkStatus(), 7);
                         }),
              Each(IsOk()));
}

TEST_P(InProcessTest, AllGetTheErrorOfTheLowestFailingRank) {
  for (int failing = 0; failing < world_size(); ++failing) {
    const Group group = MakeInProcessGroup(world_size());
    EXPECT_THAT(
        OnEachRank(group,
                   [&](WeightTransport& transport) {
                     const int rank = transport.rank();
                     return transport.Agree(
                         rank < failing
                             ? absl::OkStatus()
                             : absl::InternalError(absl::StrCat("rank ", rank)),
                         7);
                   }),
        Each(StatusIs(absl::StatusCode::kInternal,
                      absl::StrCat("rank ", failing))));
  }
}

TEST_P(InProcessTest, BroadcastsFromEachRoot) {
  for (int root = 0; root < world_size(); ++root) {
    std::vector<std::vector<std::byte>> buffers;
    for (int rank = 0; rank < world_size(); ++rank) {
      buffers.push_back(Filled(1000, rank));
    }

    EXPECT_THAT(OnEachRank(group_,
                           [&](WeightTransport& transport) {
                             return transport.Broadcast(
                                 absl::MakeSpan(buffers[transport.rank()]),
                                 root);
                           }),
                Each(IsOk()));

    EXPECT_THAT(buffers, Each(Filled(1000, root)));
  }
}

TEST_P(InProcessTest, KeepsManyRoundsApart) {
  const int rounds = 500;
  const auto results = OnEachRank(group_, [&](WeightTransport& transport) {
    for (int round = 0; round < rounds; ++round) {
      const int root = round % world_size();
      std::vector<std::byte> bytes =
          transport.rank() == root ? Filled(64, round) : Filled(64, 255);
      absl::Status status = transport.Broadcast(absl::MakeSpan(bytes), root);
      if (!status.ok()) return status;
      if (bytes != Filled(64, round)) return absl::DataLossError("wrong bytes");
    }
    return absl::OkStatus();
  });
  EXPECT_THAT(results, Each(IsOk()));
}

TEST_P(InProcessTest, AnAbortEndsPendingAndLaterCalls) {
  const auto results = OnEachRank(group_, [&](WeightTransport& transport) {
    // The last rank never arrives.
    if (transport.rank() == world_size() - 1) {
      transport.Abort(absl::CancelledError("first"));
      transport.Abort(absl::InternalError("second"));
      return transport.Agree(absl::OkStatus(), 0);
    }
    std::vector<std::byte> bytes(8);
    return transport.Broadcast(absl::MakeSpan(bytes), 0);
  });
  EXPECT_THAT(results, Each(StatusIs(absl::StatusCode::kCancelled, "first")));
}

INSTANTIATE_TEST_SUITE_P(WorldSizes, InProcessTest,
                         testing::Values(1, 2, 3, 4, 8));

TEST(InProcessErrorsTest, NamesTheRanksWhosePlanDiffers) {
  const Group group = MakeInProcessGroup(4);
  EXPECT_THAT(OnEachRank(group,
                         [](WeightTransport& transport) {
                           return transport.Agree(absl::OkStatus(),
                                                  transport.rank() % 2);
                         }),
              Each(StatusIs(absl::StatusCode::kInternal,
                            HasSubstr("not that of rank 1, 3"))));
}

TEST(InProcessErrorsTest, AnotherSizeIsAnErrorOnAllRanksAndWritesNothing) {
  for (size_t other_size : {3, 5, 0}) {
    const Group group = MakeInProcessGroup(3);
    std::vector<std::vector<std::byte>> buffers = {Filled(4, 1), Filled(4, 2),
                                                   Filled(other_size, 3)};
    EXPECT_THAT(OnEachRank(group,
                           [&](WeightTransport& transport) {
                             return transport.Broadcast(
                                 absl::MakeSpan(buffers[transport.rank()]), 0);
                           }),
                Each(StatusIs(absl::StatusCode::kInternal,
                              HasSubstr("rank 2 expects"))));
    EXPECT_THAT(buffers,
                ElementsAre(Filled(4, 1), Filled(4, 2), Filled(other_size, 3)));
  }
}

TEST(InProcessErrorsTest, AnotherRootIsAnErrorOnAllRanks) {
  const Group group = MakeInProcessGroup(2);
  EXPECT_THAT(OnEachRank(group,
                         [](WeightTransport& transport) {
                           std::vector<std::byte> bytes(4);
                           return transport.Broadcast(absl::MakeSpan(bytes),
                                                      transport.rank());
                         }),
              Each(StatusIs(absl::StatusCode::kInternal)));
}

TEST(InProcessErrorsTest, AnotherCallIsAnErrorOnAllRanks) {
  const Group group = MakeInProcessGroup(2);
  EXPECT_THAT(OnEachRank(group,
                         [](WeightTransport& transport) {
                           return transport.rank() == 0
                                      ? transport.Agree(absl::OkStatus(), 1)
                                      : transport.Broadcast({}, 0);
                         }),
              Each(StatusIs(absl::StatusCode::kInternal,
                            HasSubstr("different calls"))));
}

TEST(InProcessErrorsTest, AFailedAgreementEndsTheGroup) {
  const Group group = MakeInProcessGroup(1);
  EXPECT_THAT(group[0]->Agree(absl::AbortedError("no"), 1),
              StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(group[0]->Broadcast({}, 0), StatusIs(absl::StatusCode::kAborted));
}

}  // namespace
}  // namespace transformerd
