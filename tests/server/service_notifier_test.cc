#include "server/service_notifier.h"

#include <unistd.h>

#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/fake_supervisor.h"
#include "tests/fakes/recorded_log.h"
#include "tests/fakes/temporary_folder.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ServiceNotifierTest : public ::testing::Test {
 protected:
  const std::string name_ = "@transformerd-" + std::to_string(getpid());
  std::optional<FakeSupervisor> supervisor_{name_};
  ServiceNotifier notifier_{name_};
  const absl::Status ok_;
  const absl::Status loading_ = absl::UnavailableError("1 of 1 is loading");
};

TEST_F(ServiceNotifierTest, IsAliveBeforeItIsReady) {
  notifier_.Tell(ok_, loading_);
  EXPECT_THAT(supervisor_->Heard(),
              ElementsAre("WATCHDOG=1\nSTATUS=1 of 1 is loading"));
  notifier_.Tell(ok_, loading_);
  EXPECT_THAT(supervisor_->Heard(), ElementsAre("WATCHDOG=1"));
}

TEST_F(ServiceNotifierTest, IsReadyOnce) {
  notifier_.Tell(ok_, ok_);
  EXPECT_THAT(supervisor_->Heard(),
              ElementsAre("WATCHDOG=1\nREADY=1\nSTATUS=serving"));
  notifier_.Tell(ok_, loading_);
  notifier_.Tell(ok_, ok_);
  EXPECT_THAT(supervisor_->Heard(),
              ElementsAre("WATCHDOG=1\nSTATUS=1 of 1 is loading",
                          "WATCHDOG=1\nSTATUS=serving"));
}

TEST_F(ServiceNotifierTest, WhatIsStuckIsNotAlive) {
  const absl::Status stuck = absl::UnavailableError("worker 0\nis stuck");
  notifier_.Tell(stuck, ok_);
  EXPECT_THAT(supervisor_->Heard(),
              ElementsAre("READY=1\nSTATUS=worker 0 is stuck"));
  notifier_.Tell(stuck, ok_);
  EXPECT_THAT(supervisor_->Heard(), IsEmpty());
}

TEST_F(ServiceNotifierTest, TellsThatItStops) {
  notifier_.TellStopping();
  EXPECT_THAT(supervisor_->Heard(), ElementsAre("STOPPING=1\nSTATUS=draining"));
}

TEST_F(ServiceNotifierTest, TellsASupervisorThatComesBackWhatItMissed) {
  RecordedLog log;
  supervisor_.reset();
  notifier_.Tell(ok_, ok_);
  notifier_.Tell(ok_, ok_);
  EXPECT_THAT(log.messages(), ElementsAre(HasSubstr("NOTIFY_SOCKET=@")));
  supervisor_.emplace(name_);
  notifier_.Tell(ok_, ok_);
  EXPECT_THAT(supervisor_->Heard(),
              ElementsAre("WATCHDOG=1\nREADY=1\nSTATUS=serving"));
}

TEST_F(ServiceNotifierTest, DoesNotWaitForASupervisorThatDoesNotRead) {
  RecordedLog log;
  while (log.messages().empty()) notifier_.Tell(ok_, loading_);
  notifier_.Tell(ok_, ok_);
  EXPECT_THAT(log.messages(), SizeIs(1));
  supervisor_->Heard();
  notifier_.Tell(ok_, ok_);
  EXPECT_THAT(supervisor_->Heard(),
              ElementsAre("WATCHDOG=1\nREADY=1\nSTATUS=serving"));
}

TEST(ServiceNotifierByPathTest, FindsASocketByItsPath) {
  const TemporaryFolder folder;
  // Paths of sockets may have 107 characters, and the test's folder has more.
  ASSERT_EQ(chdir(folder.path().c_str()), 0);
  FakeSupervisor supervisor("./notify");
  ServiceNotifier(supervisor.name()).TellStopping();
  EXPECT_THAT(supervisor.Heard(), ElementsAre(HasSubstr("STOPPING=1")));
}

TEST(ServiceNotifierWithoutSupervisorTest, SaysNothing) {
  RecordedLog log;
  ServiceNotifier notifier("");
  notifier.Tell(absl::OkStatus(), absl::OkStatus());
  notifier.TellStopping();
  EXPECT_THAT(log.messages(), IsEmpty());
}

TEST(ServiceNotifierWithoutSupervisorTest, ComplainsOnce) {
  for (const std::string& socket :
       {std::string("/nowhere/notify"), std::string(200, 'x')}) {
    RecordedLog log;
    ServiceNotifier notifier(socket);
    notifier.Tell(absl::OkStatus(), absl::OkStatus());
    notifier.TellStopping();
    EXPECT_THAT(log.messages(), ElementsAre(HasSubstr("NOTIFY_SOCKET")));
  }
}

}  // namespace
}  // namespace transformerd
