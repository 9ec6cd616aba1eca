#include "model/native/thread_team.h"

#include <algorithm>
#include <atomic>
#include <new>
#include <thread>
#include <vector>

#include "absl/synchronization/blocking_counter.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace transformerd {
namespace {

using ::testing::Each;

TEST(ThreadTeamTest, CallsEachIndexOnce) {
  for (const int team_size : {1, 2, 4}) {
    ThreadTeam team(team_size);
    EXPECT_EQ(team.num_threads(), team_size);
    for (const int num_threads : {1, 2, 4}) {
      for (const int64_t count : {0, 1, 2, 5, 300}) {
        // Not atomic: what bodies wrote is there when For returns.
        std::vector<int> calls(count, 0);

        team.For(count, num_threads, [&](int64_t i, int) { ++calls[i]; });

        EXPECT_THAT(calls, Each(1)) << count << " on " << num_threads;
      }
    }
  }
}

TEST(ThreadTeamTest, BodiesOfOneThreadNeverRunAtOnce) {
  constexpr int kThreads = 4;
  ThreadTeam team(kThreads);
  // Not atomic: a race would be one of the team.
  std::vector<int64_t> calls(kThreads, 0);

  team.For(2000, kThreads, [&](int64_t, int thread) { ++calls.at(thread); });

  int64_t sum = 0;
  for (const int64_t count : calls) sum += count;
  EXPECT_EQ(sum, 2000);
}

TEST(ThreadTeamTest, AnExceptionEndsTheCallAndNothingElse) {
  constexpr int kThreads = 4;
  ThreadTeam team(kThreads);
  std::atomic<int64_t> calls = 0;

  for (const int64_t thrower : {0, 7, 99}) {
    EXPECT_THROW(team.For(100, kThreads,
                          [&](int64_t i, int) {
                            if (i == thrower) throw std::bad_alloc();
                          }),
                 std::bad_alloc);
    calls = 0;
    team.For(100, kThreads, [&](int64_t, int) { ++calls; });
    EXPECT_EQ(calls, 100);
  }
}

TEST(ThreadTeamTest, AllThreadsWorkAtOnce) {
  constexpr int kThreads = 4;
  ThreadTeam team(kThreads);
  std::vector<int> threads(kThreads);
  absl::BlockingCounter arrived(kThreads);

  // Ends only when each body runs on a thread of its own.
  team.For(kThreads, kThreads, [&](int64_t i, int thread) {
    threads[i] = thread;
    arrived.DecrementCount();
    if (i == 0) arrived.Wait();
  });

  EXPECT_TRUE(std::all_of(threads.begin(), threads.end(), [](int thread) {
    return thread >= 0 && thread < kThreads;
  }));
}

TEST(ThreadTeamTest, UsesNoMoreThreadsThanItIsTold) {
  ThreadTeam team(4);
  std::atomic<int> running{0};
  std::atomic<int> most{0};

  for (int run = 0; run < 50; ++run) {
    team.For(40, 2, [&](int64_t, int) {
      const int now = ++running;
      int seen = most;
      while (now > seen && !most.compare_exchange_weak(seen, now)) {
      }
      --running;
    });
  }

  EXPECT_LE(most, 2);
}

TEST(ThreadTeamTest, TheCallerDoesAloneWhatNeedsNoHelp) {
  ThreadTeam team(4);
  const std::thread::id caller = std::this_thread::get_id();
  const auto expect_caller = [&](int64_t, int thread) {
    EXPECT_EQ(thread, 0);
    EXPECT_EQ(std::this_thread::get_id(), caller);
  };

  team.For(100, /*num_threads=*/1, expect_caller);
  team.For(1, /*num_threads=*/4, expect_caller);
}

TEST(ThreadTeamTest, IsUsedAgainAndAgain) {
  ThreadTeam team(3);
  int64_t sum = 0;
  for (int64_t run = 0; run < 500; ++run) {
    // A late helper of the run before would write to numbers that are gone.
    std::vector<int64_t> values(3, 0);
    team.For(3, 3, [&](int64_t i, int) { values[i] = run; });
    for (const int64_t value : values) sum += value;
  }
  EXPECT_EQ(sum, 3 * 500 * 499 / 2);
}

}  // namespace
}  // namespace transformerd
