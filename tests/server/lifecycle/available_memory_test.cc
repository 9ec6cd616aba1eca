#include "server/lifecycle/available_memory.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/temporary_folder.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

constexpr char kMemInfo[] = "proc/meminfo";
constexpr char kGroups[] = "proc/self/cgroup";

class AvailableMemoryTest : public ::testing::Test {
 protected:
  AvailableMemoryTest() {
    folder_.Write(kMemInfo, "MemTotal: 999 kB\nMemAvailable:   100 kB\n");
  }

  // A group of version 2 with a limit and 10 bytes in use.
  void AddGroup2(const std::string& path, const std::string& limit) {
    const std::string folder = "sys/fs/cgroup" + path;
    folder_.Write(folder + "/memory.max", limit + "\n");
    folder_.Write(folder + "/memory.current", "10\n");
  }

  TemporaryFolder folder_;
};

TEST_F(AvailableMemoryTest, WithoutGroupsIsWhatTheMachineHas) {
  ASSERT_OK_AND_ASSIGN(const auto memory, ReadAvailableMemory(folder_.path()));
  EXPECT_EQ(memory.bytes, 102400);
  EXPECT_EQ(memory.bound, "MemAvailable");
}

TEST_F(AvailableMemoryTest, AGroupBoundsWhatTheMachineHas) {
  folder_.Write(kGroups, "0::/pod/box\n");
  AddGroup2("/pod/box", "1000");
  ASSERT_OK_AND_ASSIGN(const auto memory, ReadAvailableMemory(folder_.path()));
  EXPECT_EQ(memory.bytes, 990);
  EXPECT_EQ(memory.bound, "cgroup");
}

TEST_F(AvailableMemoryTest, TheTightestOfTheGroupsAboveCounts) {
  folder_.Write(kGroups, "0::/pod/box\n");
  AddGroup2("/pod/box", "max");
  AddGroup2("/pod", "500");
  AddGroup2("", "800");
  ASSERT_OK_AND_ASSIGN(const auto memory, ReadAvailableMemory(folder_.path()));
  EXPECT_EQ(memory.bytes, 490);
}

TEST_F(AvailableMemoryTest, TheRootIsTheGroupOfAContainerThatSeesNoOther) {
  folder_.Write(kGroups, "0::/seen/from/the/host\n");
  AddGroup2("", "300");
  ASSERT_OK_AND_ASSIGN(const auto memory, ReadAvailableMemory(folder_.path()));
  EXPECT_EQ(memory.bytes, 290);
}

TEST_F(AvailableMemoryTest, CacheThatCanBeDroppedIsFree) {
  folder_.Write(kGroups, "0::/\n");
  AddGroup2("", "300");
  folder_.Write("sys/fs/cgroup/memory.stat", "anon 4\ninactive_file 6\n");
  ASSERT_OK_AND_ASSIGN(const auto memory, ReadAvailableMemory(folder_.path()));
  EXPECT_EQ(memory.bytes, 296);
}

TEST_F(AvailableMemoryTest, KnowsVersion1) {
  folder_.Write(kGroups, "3:cpu,cpuacct:/x\n2:memory:/pod\n0::/x\n");
  folder_.Write("sys/fs/cgroup/memory/pod/memory.limit_in_bytes", "70\n");
  folder_.Write("sys/fs/cgroup/memory/pod/memory.usage_in_bytes", "60\n");
  folder_.Write("sys/fs/cgroup/memory/pod/memory.stat",
                "inactive_file 1\ntotal_inactive_file 20\n");
  ASSERT_OK_AND_ASSIGN(const auto memory, ReadAvailableMemory(folder_.path()));
  EXPECT_EQ(memory.bytes, 30);
  EXPECT_EQ(memory.bound, "cgroup");
}

TEST_F(AvailableMemoryTest, AGroupOverItsLimitLeavesNothing) {
  folder_.Write(kGroups, "0::/\n");
  AddGroup2("", "3");
  ASSERT_OK_AND_ASSIGN(const auto memory, ReadAvailableMemory(folder_.path()));
  EXPECT_EQ(memory.bytes, 0);
}

TEST_F(AvailableMemoryTest, SaysSoWhereTheSystemTellsNothing) {
  EXPECT_THAT(ReadAvailableMemory(folder_.path() + "/nowhere"),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST(AvailableMemoryOfThisMachineTest, IsThere) {
  ASSERT_OK_AND_ASSIGN(const auto memory, ReadAvailableMemory());
  EXPECT_GT(memory.bytes, 1 << 20);
}

}  // namespace
}  // namespace transformerd
