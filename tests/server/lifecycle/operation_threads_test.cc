#include "server/lifecycle/operation_threads.h"

#include <atomic>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

namespace transformerd {
namespace {

TEST(OperationThreadsTest, WaitsForAllInItsDestructor) {
  std::atomic<int> finished = 0;
  {
    OperationThreads threads;
    for (int i = 0; i < 20; ++i) threads.Start([&finished] { ++finished; });
  }
  EXPECT_EQ(finished, 20);
}

TEST(OperationThreadsTest, RunsOperationsSideBySide) {
  absl::Notification first_may_end;
  OperationThreads threads;
  threads.Start([&] { first_may_end.WaitForNotification(); });
  threads.Start([&] { first_may_end.Notify(); });
}

TEST(OperationThreadsTest, AnOperationMayStartAnother) {
  std::atomic<bool> ran = false;
  {
    OperationThreads threads;
    threads.Start([&] { threads.Start([&ran] { ran = true; }); });
  }
  EXPECT_TRUE(ran);
}

}  // namespace
}  // namespace transformerd
