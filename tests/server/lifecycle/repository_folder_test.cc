#include "server/lifecycle/repository_folder.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/ordinary_user.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class RepositoryFolderTest : public ::testing::Test {
 protected:
  RepositoryFolderTest() {
    fs::remove_all(root_);
    fs::create_directories(root_);
  }

  void Write(const std::string& path, const std::string& text) {
    fs::create_directories(fs::path(root_ + "/" + path).parent_path());
    std::ofstream(root_ + "/" + path) << text;
  }

  RepositoryFolder Open() { return *RepositoryFolder::Open(root_); }

  const std::string root_ = ::testing::TempDir() + "/repository";
};

TEST_F(RepositoryFolderTest, IsRefusedWhereThereIsNone) {
  EXPECT_THAT(RepositoryFolder::Open(root_ + "/none"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("none")));
  Write("file", "x");
  EXPECT_THAT(RepositoryFolder::Open(root_ + "/file"),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(RepositoryFolderTest, SaysWhatHelpsWhereItMayNotRead) {
  Write("a/config.json", "{}");
  fs::permissions(root_ + "/a", fs::perms::owner_exec);
  {
    const AsOrdinaryUser user;
    EXPECT_THAT(
        Open().Versions("a"),
        StatusIs(absl::StatusCode::kFailedPrecondition,
                 AllOf(HasSubstr("the folder of model 'a'"),
                       HasSubstr("mode 0100"), HasSubstr("chmod a+rx"))));
  }
  fs::permissions(root_ + "/a", fs::perms::owner_all);
}

TEST_F(RepositoryFolderTest, ListsFoldersThatMayBeModels) {
  Write("b/config.json", "{}");
  Write("a/1/config.json", "{}");
  Write("a file", "x");
  Write(".cache/x", "x");
  Write("lost+found/x", "x");
  EXPECT_THAT(Open().Models(), ElementsAre("a", "b"));
}

TEST_F(RepositoryFolderTest, FollowsLinksOfTheOperator) {
  const std::string elsewhere = ::testing::TempDir() + "/elsewhere";
  fs::create_directories(elsewhere);
  fs::create_directory_symlink(elsewhere, root_ + "/linked");
  EXPECT_THAT(Open().Models(), ElementsAre("linked"));
  EXPECT_TRUE(Open().HasModel("linked"));
}

TEST_F(RepositoryFolderTest, SkipsLinksThatLeadNowhere) {
  fs::create_directory_symlink(root_ + "/none", root_ + "/dangling");
  fs::create_directory_symlink(root_ + "/loop", root_ + "/loop");
  EXPECT_THAT(Open().Models(), ElementsAre());
}

TEST_F(RepositoryFolderTest, AFolderWithoutNumbersIsVersionOne) {
  Write("m/config.json", "{}");
  Write("m/1_Pooling/config.json", "{}");
  ASSERT_OK_AND_ASSIGN(const auto versions, Open().Versions("m"));
  ASSERT_EQ(versions.size(), 1u);
  EXPECT_EQ(versions.at(1), fs::canonical(root_).string() + "/m");
}

TEST_F(RepositoryFolderTest, NumberedFoldersAreVersions) {
  for (const char* name : {"2", "10", "0", "01", "-3", "x"}) {
    Write(std::string("m/") + name + "/config.json", "{}");
  }
  Write("m/7", "a file, not a folder");
  ASSERT_OK_AND_ASSIGN(const auto versions, Open().Versions("m"));
  ASSERT_EQ(versions.size(), 2u);
  EXPECT_EQ(versions.begin()->first, 2);
  EXPECT_THAT(versions.at(10), HasSubstr("/m/10"));
}

TEST_F(RepositoryFolderTest, AnUnknownModelIsNotFound) {
  const auto versions = Open().Versions("m");
  EXPECT_THAT(versions, StatusIs(absl::StatusCode::kNotFound,
                                 HasSubstr("'m' is not in the repository")));
  EXPECT_THAT(std::string(versions.status().message()), Not(HasSubstr(root_)));
}

TEST_F(RepositoryFolderTest, ReadsTheModelFileIfThereIsOne) {
  Write("m/config.json", "{}");
  EXPECT_THAT(Open().ReadModelFile("m"), IsOkAndHolds(std::string()));
  Write("m/transformerd.json", "{\"strict\": true}");
  EXPECT_THAT(Open().ReadModelFile("m"),
              IsOkAndHolds(std::string("{\"strict\": true}")));
}

TEST_F(RepositoryFolderTest, RefusesModelFilesThatAreNoSmallRegularFiles) {
  Write("big/transformerd.json", std::string((1 << 20) + 1, ' '));
  Write("empty/transformerd.json", "");
  fs::create_directories(root_ + "/folder/transformerd.json");
  fs::create_directories(root_ + "/fifo");
  ASSERT_EQ(mkfifo((root_ + "/fifo/transformerd.json").c_str(), 0600), 0);
  for (const char* name : {"big", "empty", "folder", "fifo"}) {
    const auto text = Open().ReadModelFile(name);
    EXPECT_THAT(text, HasReason(Reason::kConfigInvalid)) << name;
    EXPECT_THAT(std::string(text.status().message()),
                HasSubstr(std::string("'") + name + "/transformerd.json'"));
  }
}

}  // namespace
}  // namespace transformerd
