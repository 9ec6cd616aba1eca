#include "server/startup_checks.h"

#include <sys/resource.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace transformerd {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

MachineFacts GoodMachine() {
  MachineFacts facts;
  facts.open_files_limit = 65536;
  facts.locked_memory_limit = int64_t{1} << 40;
  facts.shared_memory = int64_t{1} << 30;
  return facts;
}

TEST(StartupChecksTest, HaveNothingToSayOfAGoodMachine) {
  EXPECT_THAT(FindShortcomings(GoodMachine(), /*num_gpus=*/8), IsEmpty());
}

TEST(StartupChecksTest, NameTheFixForOldProcessors) {
  MachineFacts facts = GoodMachine();
  facts.has_avx2 = false;
  EXPECT_THAT(FindShortcomings(facts, 0),
              ElementsAre(AllOf(HasSubstr("AVX2"), HasSubstr("x86-64-v3"))));
}

TEST(StartupChecksTest, NameTheFixForFewFiles) {
  MachineFacts facts = GoodMachine();
  facts.open_files_limit = 1024;
  EXPECT_THAT(FindShortcomings(facts, 0),
              ElementsAre(AllOf(HasSubstr("1024"), HasSubstr("ulimit -n 65536"),
                                HasSubstr("LimitNOFILE"))));
}

TEST(StartupChecksTest, AskForMoreWhereGpusExchangeWeights) {
  MachineFacts facts = GoodMachine();
  facts.shared_memory = int64_t{64} << 20;
  facts.locked_memory_limit = int64_t{8} << 20;
  EXPECT_THAT(FindShortcomings(facts, 1), IsEmpty());
  EXPECT_THAT(
      FindShortcomings(facts, 2),
      ElementsAre(AllOf(HasSubstr("/dev/shm has 64 MiB"), HasSubstr("emptyDir"),
                        HasSubstr("--shm-size")),
                  AllOf(HasSubstr("8 MiB"), HasSubstr("LimitMEMLOCK"))));
  facts.shared_memory = std::nullopt;
  EXPECT_THAT(FindShortcomings(facts, 2).front(),
              HasSubstr("/dev/shm is not there"));
}

TEST(StartupChecksTest, RaiseTheLimitOfOpenFiles) {
  rlimit limit = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = 64;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);

  RaiseOpenFilesLimit();

  const MachineFacts facts = ReadMachineFacts();
  EXPECT_EQ(facts.open_files_limit, static_cast<int64_t>(limit.rlim_max));
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(limit.rlim_cur, limit.rlim_max);
  EXPECT_GT(facts.locked_memory_limit, 0);
}

}  // namespace
}  // namespace transformerd
