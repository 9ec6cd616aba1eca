#include "server/scheduling/ticker.h"

#include <memory>

#include "absl/synchronization/mutex.h"
#include "gtest/gtest.h"
#include "tests/fakes/fake_clock.h"

namespace transformerd {
namespace {

constexpr absl::Duration kInterval = absl::Milliseconds(100);

class CountingListener : public TickListener {
 public:
  void OnTick() override {
    absl::MutexLock lock(&mutex_);
    ++ticks_;
  }
  void AwaitTicks(int count) {
    const auto are_there = [this, count]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
      return ticks_ >= count;
    };
    absl::MutexLock lock(&mutex_, absl::Condition(&are_there));
  }
  int ticks() {
    absl::MutexLock lock(&mutex_);
    return ticks_;
  }

 private:
  absl::Mutex mutex_;
  int ticks_ ABSL_GUARDED_BY(mutex_) = 0;
};

TEST(TickerTest, CallsEveryListenerAtEachTick) {
  FakeClock clock;
  const auto first = std::make_shared<CountingListener>();
  const auto second = std::make_shared<CountingListener>();
  Ticker ticker(clock, kInterval);
  ticker.Add(first);
  ticker.Add(second);
  for (int tick = 1; tick <= 3; ++tick) {
    clock.AwaitWaiters(1);
    clock.Advance(kInterval);
    first->AwaitTicks(tick);
    second->AwaitTicks(tick);
  }
}

TEST(TickerTest, DoesNotCallBeforeTheIntervalIsOver) {
  FakeClock clock;
  const auto listener = std::make_shared<CountingListener>();
  {
    Ticker ticker(clock, kInterval);
    ticker.Add(listener);
    clock.AwaitWaiters(1);
    clock.Advance(kInterval - absl::Milliseconds(1));
    clock.AwaitWaiters(1);
  }
  EXPECT_EQ(listener->ticks(), 0);
}

TEST(TickerTest, ForgetsListenersThatAreGone) {
  FakeClock clock;
  auto leaving = std::make_shared<CountingListener>();
  const auto staying = std::make_shared<CountingListener>();
  Ticker ticker(clock, kInterval);
  ticker.Add(leaving);
  ticker.Add(staying);
  clock.AwaitWaiters(1);
  leaving.reset();
  clock.Advance(kInterval);
  staying->AwaitTicks(1);
}

TEST(TickerTest, EndsWithoutListeners) {
  FakeClock clock;
  const Ticker ticker(clock, kInterval);
}

}  // namespace
}  // namespace transformerd
