#include "server/signal_thread.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

namespace transformerd {
namespace {

TEST(SignalThreadTest, CountsSignalsOfBothKinds) {
  BlockStopSignals();
  absl::Notification first, second;
  SignalThread signals([&](int count) {
    if (count == 1) first.Notify();
    if (count == 2) second.Notify();
  });

  kill(getpid(), SIGTERM);
  first.WaitForNotification();
  kill(getpid(), SIGINT);
  second.WaitForNotification();
}

TEST(SignalThreadTest, EndsWithoutHavingCalled) {
  BlockStopSignals();
  std::atomic<int> calls = 0;
  {
    SignalThread signals([&](int) { ++calls; });
  }
  EXPECT_EQ(calls, 0);
}

}  // namespace
}  // namespace transformerd
