#include "server/security/file_watch.h"

#include <unistd.h>

#include <cstdio>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/recorded_log.h"
#include "tests/fakes/temporary_folder.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;

class FileWatchTest : public ::testing::Test {
 protected:
  FileWatchTest() {
    folder_.Write("a", "1");
    folder_.Write("b", "1");
  }

  FileWatch Watch() {
    return FileWatch("files", {folder_.PathOf("a"), folder_.PathOf("b")},
                     [this] {
                       ++reads_;
                       return result_;
                     });
  }

  TemporaryFolder folder_;
  absl::Status result_;
  int reads_ = 0;
};

TEST_F(FileWatchTest, LeavesFilesAloneThatStayAsTheyAre) {
  FileWatch watch = Watch();
  watch.OnTick();
  watch.OnTick();
  EXPECT_EQ(reads_, 0);
}

TEST_F(FileWatchTest, ReadsOnceAfterAChange) {
  FileWatch watch = Watch();
  folder_.Write("b", "22");
  watch.OnTick();
  watch.OnTick();
  EXPECT_EQ(reads_, 1);
}

TEST_F(FileWatchTest, SeesFilesThatAreReplaced) {
  FileWatch watch = Watch();
  folder_.Write("next", "1");
  ASSERT_EQ(rename(folder_.PathOf("next").c_str(), folder_.PathOf("a").c_str()),
            0);
  watch.OnTick();
  EXPECT_EQ(reads_, 1);
}

TEST_F(FileWatchTest, SeesLinksThatPointElsewhere) {
  const std::string link = folder_.PathOf("link");
  ASSERT_EQ(symlink(folder_.PathOf("a").c_str(), link.c_str()), 0);
  FileWatch watch("file", {link}, [this] {
    ++reads_;
    return absl::OkStatus();
  });
  ASSERT_EQ(unlink(link.c_str()), 0);
  ASSERT_EQ(symlink(folder_.PathOf("b").c_str(), link.c_str()), 0);
  watch.OnTick();
  EXPECT_EQ(reads_, 1);
}

// A certificate whose time has not come becomes right without a change.
TEST_F(FileWatchTest, ReadsAgainUntilItHasRead) {
  FileWatch watch = Watch();
  result_ = absl::InvalidArgumentError("too early");
  folder_.Write("a", "22");
  watch.OnTick();
  watch.OnTick();
  EXPECT_EQ(reads_, 2);
  result_ = absl::OkStatus();
  watch.OnTick();
  watch.OnTick();
  EXPECT_EQ(reads_, 3);
}

TEST_F(FileWatchTest, LogsAFailureOnceForEachReason) {
  FileWatch watch = Watch();
  const RecordedLog log;
  for (const char* const reason : {"half there", "too early"}) {
    result_ = absl::InvalidArgumentError(reason);
    folder_.Write("a", reason);
    watch.OnTick();
    watch.OnTick();
  }
  result_ = absl::OkStatus();
  watch.OnTick();
  EXPECT_THAT(
      log.messages(),
      ElementsAre("files have changed and stay as they were: half there",
                  "files have changed and stay as they were: too early",
                  "files were read again"));
}

TEST_F(FileWatchTest, SeesFilesThatGoAndComeBack) {
  FileWatch watch = Watch();
  ASSERT_EQ(unlink(folder_.PathOf("b").c_str()), 0);
  watch.OnTick();
  EXPECT_EQ(reads_, 1);
  folder_.Write("b", "1");
  watch.OnTick();
  EXPECT_EQ(reads_, 2);
}

}  // namespace
}  // namespace transformerd
