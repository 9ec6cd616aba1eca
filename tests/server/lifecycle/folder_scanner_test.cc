#include "server/lifecycle/folder_scanner.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "tests/fakes/blocking_folder_reader.h"
#include "tests/fakes/temporary_folder.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;

class FolderScannerTest : public ::testing::Test {
 protected:
  FolderScannerTest() {
    files_.Write("a/config.json", "{}");
    folder_ = *RepositoryFolder::Open(files_.path(), reader_);
    scanner_.emplace(*folder_);
  }
  ~FolderScannerTest() override { reader_.Unblock(); }

  std::vector<std::string> Names() {
    std::vector<std::string> names;
    for (const auto& [name, versions] : *scanner_->last()) {
      names.push_back(name);
    }
    return names;
  }

  // One Scan, and what came of it.
  struct Look {
    explicit Look(FolderScanner& scanner) {
      scanner.Scan([this](const absl::Status& result) {
        status = result;
        over.Notify();
      });
    }
    absl::Status Await() {
      over.WaitForNotification();
      return status;
    }
    absl::Status status;
    absl::Notification over;
  };

  TemporaryFolder files_;
  BlockingFolderReader reader_;
  std::optional<RepositoryFolder> folder_;
  std::optional<FolderScanner> scanner_;
};

TEST_F(FolderScannerTest, HasLookedBeforeItIsAsked) {
  EXPECT_THAT(Names(), ElementsAre("a"));
}

TEST_F(FolderScannerTest, SeesWhatHasComeWhenItLooksAgain) {
  files_.Write("b/2/config.json", "{}");
  EXPECT_THAT(Names(), ElementsAre("a"));
  Look look(*scanner_);
  EXPECT_THAT(look.Await(), IsOk());
  EXPECT_THAT(Names(), ElementsAre("a", "b"));
  EXPECT_EQ(scanner_->last()->at("b")->count(2), 1u);
}

// What was put there during a look may be missing from it.
TEST_F(FolderScannerTest, WhoAsksDuringALookGetsTheNextOne) {
  reader_.Block();
  Look first(*scanner_);
  reader_.AwaitBlockedCall();
  Look second(*scanner_);
  EXPECT_FALSE(first.over.HasBeenNotified());
  EXPECT_THAT(Names(), ElementsAre("a"));
  files_.Write("b/config.json", "{}");
  reader_.Unblock();
  EXPECT_THAT(first.Await(), IsOk());
  EXPECT_THAT(second.Await(), IsOk());
  EXPECT_THAT(Names(), ElementsAre("a", "b"));
}

TEST_F(FolderScannerTest, NobodyWaitsForAHungLookOnceItIsStopped) {
  reader_.Block();
  Look running(*scanner_);
  reader_.AwaitBlockedCall();
  Look next(*scanner_);
  scanner_->Stop();
  for (Look* const look : {&running, &next}) {
    const absl::Status status = look->Await();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
    EXPECT_TRUE(RetryDelayOf(status).has_value());
  }
  Look late(*scanner_);
  EXPECT_THAT(late.Await(), StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace transformerd
