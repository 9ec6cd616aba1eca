// What every transport promises, as tests over a function that makes a group.
// A test program includes this file once and instantiates TransportTest.
#pragma once

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/loading/transport.h"
#include "tests/matchers/status_matchers.h"
#include "tests/model/loading/transport_case.h"

namespace transformerd {

// Runs `body` for each rank on a thread of its own; the results, by rank.
inline std::vector<absl::Status> OnEachRank(
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

inline std::vector<std::byte> Filled(size_t size, int value) {
  return std::vector<std::byte>(size, static_cast<std::byte>(value));
}

// A whole broadcast: the bytes are there when it returns.
inline absl::Status BroadcastNow(WeightTransport& transport,
                                 std::vector<std::byte>& bytes, int root) {
  const absl::Status status = transport.Broadcast(absl::MakeSpan(bytes), root);
  const absl::Status flushed = transport.Flush();
  return status.ok() ? flushed : status;
}

class TransportTest : public testing::TestWithParam<TransportCase> {
 protected:
  int world_size() const { return GetParam().world_size; }

  Group Make(absl::Duration timeout = absl::Seconds(20)) const {
    return GetParam().make(world_size(), timeout);
  }

  // A group that has agreed, which comes before everything else.
  Group MakeAgreed(absl::Duration timeout = absl::Seconds(20)) const {
    Group group = Make(timeout);
    EXPECT_THAT(OnEachRank(group,
                           [](WeightTransport& transport) {
                             return transport.Agree(absl::OkStatus(), 0);
                           }),
                testing::Each(IsOk()));
    return group;
  }
};

TEST_P(TransportTest, KnowsItsRanks) {
  const Group group = Make();
  for (int rank = 0; rank < world_size(); ++rank) {
    EXPECT_EQ(group[rank]->rank(), rank);
    EXPECT_EQ(group[rank]->world_size(), world_size());
  }
}

TEST_P(TransportTest, AllGetTheErrorOfTheLowestFailingRank) {
  for (int failing = 0; failing < world_size(); ++failing) {
    const Group group = Make();
    const auto body = [failing](WeightTransport& transport) {
      const int rank = transport.rank();
      return transport.Agree(
          rank < failing ? absl::OkStatus()
                         : absl::InternalError(absl::StrCat("rank ", rank)),
          7);
    };
    EXPECT_THAT(OnEachRank(group, body),
                testing::Each(StatusIs(absl::StatusCode::kInternal,
                                       absl::StrCat("rank ", failing))));
  }
}

TEST_P(TransportTest, NamesTheRanksWhosePlanDiffers) {
  if (world_size() < 3) return;
  const Group group = Make();
  EXPECT_THAT(
      OnEachRank(group,
                 [](WeightTransport& transport) {
                   return transport.Agree(absl::OkStatus(),
                                          transport.rank() == 1 ? 1 : 0);
                 }),
      testing::Each(StatusIs(absl::StatusCode::kInternal,
                             testing::HasSubstr("not that of rank 1"))));
}

TEST_P(TransportTest, AFailedAgreementEndsTheGroup) {
  const Group group = Make();
  EXPECT_THAT(
      OnEachRank(group,
                 [](WeightTransport& transport) {
                   transport.Agree(absl::AbortedError("no"), 1).IgnoreError();
                   return transport.Broadcast({}, 0);
                 }),
      testing::Each(StatusIs(absl::StatusCode::kAborted)));
}

TEST_P(TransportTest, BroadcastsFromEachRoot) {
  const Group group = MakeAgreed();
  for (int root = 0; root < world_size(); ++root) {
    std::vector<std::vector<std::byte>> buffers;
    for (int rank = 0; rank < world_size(); ++rank) {
      buffers.push_back(Filled(1000, rank));
    }

    EXPECT_THAT(OnEachRank(group,
                           [&](WeightTransport& transport) {
                             return BroadcastNow(
                                 transport, buffers[transport.rank()], root);
                           }),
                testing::Each(IsOk()));

    EXPECT_THAT(buffers, testing::Each(Filled(1000, root)));
  }
}

// Of all sizes, empty ones too, from changing roots, several under way at once.
TEST_P(TransportTest, KeepsManyBroadcastsApart) {
  const Group group = MakeAgreed();
  constexpr int kRounds = 100;
  const auto body = [this](WeightTransport& transport) {
    std::vector<std::vector<std::byte>> buffers;
    for (int round = 0; round < kRounds; ++round) {
      const bool is_root = transport.rank() == round % world_size();
      buffers.push_back(Filled(round * 97, is_root ? round : 255));
    }
    for (int round = 0; round < kRounds; ++round) {
      const absl::Status status = transport.Broadcast(
          absl::MakeSpan(buffers[round]), round % world_size());
      if (!status.ok()) return status;
    }
    if (absl::Status flushed = transport.Flush(); !flushed.ok()) return flushed;
    for (int round = 0; round < kRounds; ++round) {
      if (buffers[round] == Filled(round * 97, round)) continue;
      return absl::DataLossError(absl::StrCat("round ", round));
    }
    return absl::OkStatus();
  };
  EXPECT_THAT(OnEachRank(group, body), testing::Each(IsOk()));
}

TEST_P(TransportTest, AnotherSizeIsAnErrorOnAllRanksAndWritesNothing) {
  if (world_size() < 2) return;
  const int other = world_size() - 1;
  for (const size_t other_size : {3, 5, 0}) {
    const Group group = MakeAgreed();
    std::vector<std::vector<std::byte>> buffers;
    for (int rank = 0; rank < world_size(); ++rank) {
      buffers.push_back(Filled(rank == other ? other_size : 4, rank));
    }
    const std::vector<std::vector<std::byte>> before = buffers;

    EXPECT_THAT(
        OnEachRank(group,
                   [&](WeightTransport& transport) {
                     return BroadcastNow(transport, buffers[transport.rank()],
                                         0);
                   }),
        testing::Each(StatusIs(absl::StatusCode::kInternal,
                               testing::HasSubstr(absl::StrCat(
                                   "rank ", other, " expects ", other_size,
                                   " bytes from rank 0")))));
    EXPECT_EQ(buffers, before);
  }
}

TEST_P(TransportTest, AnotherRootIsAnErrorOnAllRanks) {
  if (world_size() < 2) return;
  const Group group = MakeAgreed();
  EXPECT_THAT(OnEachRank(group,
                         [](WeightTransport& transport) {
                           std::vector<std::byte> bytes(4);
                           return BroadcastNow(transport, bytes,
                                               transport.rank() == 0 ? 0 : 1);
                         }),
              testing::Each(StatusIs(absl::StatusCode::kInternal)));
}

TEST_P(TransportTest, AnotherCallIsAnErrorOnAllRanks) {
  if (world_size() < 2) return;
  const Group group = MakeAgreed();
  EXPECT_THAT(OnEachRank(group,
                         [](WeightTransport& transport) {
                           return transport.rank() == 0
                                      ? transport.Agree(absl::OkStatus(), 1)
                                      : transport.Broadcast({}, 0);
                         }),
              testing::Each(StatusIs(absl::StatusCode::kInternal,
                                     testing::HasSubstr("different calls"))));
}

TEST_P(TransportTest, AnAbortEndsPendingAndLaterCalls) {
  const Group group = MakeAgreed();
  const auto body = [this](WeightTransport& transport) {
    // The last rank never arrives.
    if (transport.rank() == world_size() - 1) {
      transport.Abort(absl::CancelledError("first"));
      transport.Abort(absl::InternalError("second"));
      return transport.Agree(absl::OkStatus(), 0);
    }
    std::vector<std::byte> bytes(8);
    return BroadcastNow(transport, bytes, 0);
  };
  EXPECT_THAT(OnEachRank(group, body),
              testing::Each(StatusIs(absl::StatusCode::kCancelled, "first")));
}

// Whatever is under way when it comes ends at once and not by a time-out.
TEST_P(TransportTest, AnAbortAmongBroadcastsEndsAllRanksSoon) {
  constexpr absl::Duration kTimeout = absl::Seconds(20);
  const Group group = MakeAgreed(kTimeout);
  const absl::Time start = absl::Now();
  const auto body = [this](WeightTransport& transport) {
    std::vector<std::byte> bytes(size_t{4} << 20);
    absl::Status status;
    for (int round = 0; status.ok(); ++round) {
      if (round == 5 && transport.rank() == world_size() - 1) {
        transport.Abort(absl::CancelledError("enough"));
      }
      status = transport.Broadcast(absl::MakeSpan(bytes), 0);
    }
    transport.Flush().IgnoreError();
    return status;
  };
  EXPECT_THAT(OnEachRank(group, body),
              testing::Each(StatusIs(absl::StatusCode::kCancelled, "enough")));
  EXPECT_LT(absl::Now() - start, kTimeout / 2);
}

TEST_P(TransportTest, ARankThatStallsIsNamedAfterTheTimeout) {
  if (world_size() < 2) return;
  const Group group = Make(absl::Milliseconds(50));
  const auto body = [](WeightTransport& transport) {
    if (transport.rank() == 1) {
      // Comes when the others have given up, as any later call tells.
      while (transport.Flush().ok()) std::this_thread::yield();
    }
    return transport.Agree(absl::OkStatus(), 0);
  };
  EXPECT_THAT(OnEachRank(group, body),
              testing::Each(StatusIs(absl::StatusCode::kDeadlineExceeded,
                                     testing::HasSubstr("rank 1 kept"))));
}

}  // namespace transformerd
