#include "model/loading/watched_transport.h"

#include <cstddef>
#include <memory>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/loading/in_process.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_transport.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

constexpr absl::Duration kWait = absl::Seconds(7);

class WatchedTransportTest : public ::testing::Test {
 protected:
  // Runs inside a call of the transport beneath; how long the call has taken by
  // then, as those outside see it.
  FakeTransport::Action Look() {
    return [this] {
      clock_.Advance(kWait);
      seen_ = control_.collective_for();
      return absl::OkStatus();
    };
  }

  FakeClock clock_;
  LoadControl control_{clock_};
  FakeTransport real_{std::move(
      MakeInProcessGroup(/*world_size=*/1, absl::Seconds(60)).front())};
  WatchedTransport transport_{real_, control_};
  absl::Duration seen_;
};

TEST_F(WatchedTransportTest, ShowsHowLongACallTakes) {
  real_.OnAgree(0, Look());
  EXPECT_THAT(transport_.Agree(absl::OkStatus(), 1), IsOk());
  EXPECT_EQ(seen_, kWait);
  EXPECT_EQ(control_.collective_for(), absl::ZeroDuration());

  std::vector<std::byte> bytes(1);
  real_.OnBroadcast(0, Look());
  EXPECT_THAT(transport_.Broadcast(absl::MakeSpan(bytes), 0), IsOk());
  EXPECT_EQ(seen_, kWait);
  EXPECT_EQ(control_.collective_for(), absl::ZeroDuration());
}

TEST_F(WatchedTransportTest, PassesErrorsOn) {
  real_.FailBroadcast(0, absl::InternalError("broken"));
  std::vector<std::byte> bytes(1);
  EXPECT_THAT(transport_.Broadcast(absl::MakeSpan(bytes), 0),
              StatusIs(absl::StatusCode::kInternal, "broken"));
  transport_.Abort(absl::CancelledError("given up"));
  EXPECT_THAT(transport_.Flush(),
              StatusIs(absl::StatusCode::kCancelled, "given up"));
}

TEST(LoadControlTest, TellsOfTheRankThatHasWaitedTheLongest) {
  FakeClock clock;
  LoadControl control(clock);
  control.BeginCollective(0);
  clock.Advance(absl::Seconds(2));
  control.BeginCollective(1);
  clock.Advance(absl::Seconds(3));
  EXPECT_EQ(control.collective_for(), absl::Seconds(5));
  control.EndCollective(0);
  EXPECT_EQ(control.collective_for(), absl::Seconds(3));
}

}  // namespace
}  // namespace transformerd
