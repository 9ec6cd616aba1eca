#include "model/base/usable_cores.h"

#include <algorithm>
#include <string>
#include <thread>

#include "gtest/gtest.h"
#include "tests/fakes/temporary_folder.h"

namespace transformerd {
namespace {

class UsableCoresTest : public ::testing::Test {
 protected:
  void AddGroup2(const std::string& path, const std::string& quota) {
    folder_.Write("sys/fs/cgroup" + path + "/cpu.max", quota + "\n");
  }

  int Cores() const { return UsableCores(folder_.path()); }

  const int all_ = std::max(1u, std::thread::hardware_concurrency());
  TemporaryFolder folder_;
};

TEST_F(UsableCoresTest, AreAllWithoutAQuota) {
  EXPECT_EQ(Cores(), all_);
  folder_.Write("proc/self/cgroup", "0::/box\n");
  AddGroup2("/box", "max 100000");
  EXPECT_EQ(Cores(), all_);
}

TEST_F(UsableCoresTest, AreWhatTheQuotaPaysForRoundedUp) {
  folder_.Write("proc/self/cgroup", "0::/pod/box\n");
  AddGroup2("/pod/box", "max 100000");
  AddGroup2("/pod", "150000 100000");
  EXPECT_EQ(Cores(), std::min(all_, 2));
  AddGroup2("/pod", "100000 100000");
  EXPECT_EQ(Cores(), 1);
  AddGroup2("/pod", "5000 100000");
  EXPECT_EQ(Cores(), 1);
}

TEST_F(UsableCoresTest, AreNeverMoreThanThereAre) {
  folder_.Write("proc/self/cgroup", "0::/\n");
  AddGroup2("", "1000000000 100000");
  EXPECT_EQ(Cores(), all_);
}

TEST_F(UsableCoresTest, FollowGroupsOfTheFirstVersion) {
  folder_.Write("proc/self/cgroup", "4:cpu,cpuacct:/box\n3:memory:/other\n");
  folder_.Write("sys/fs/cgroup/cpu/box/cpu.cfs_period_us", "100000\n");
  folder_.Write("sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(Cores(), all_);
  folder_.Write("sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "100000\n");
  EXPECT_EQ(Cores(), 1);
}

}  // namespace
}  // namespace transformerd
