#include "model/base/regular_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/ordinary_user.h"
#include "tests/fakes/temporary_folder.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

absl::Span<std::byte> BytesOf(std::string& buffer) {
  return absl::MakeSpan(reinterpret_cast<std::byte*>(buffer.data()),
                        buffer.size());
}

class RegularFileTest : public testing::Test {
 protected:
  TemporaryFolder folder_;
};

TEST_F(RegularFileTest, FillsBuffersOneAfterTheOther) {
  ASSERT_OK_AND_ASSIGN(const RegularFile file,
                       RegularFile::Open(folder_.Write("f", "0123456789")));
  std::string first(2, ' '), none, second(3, ' ');

  EXPECT_THAT(file.Read(4, {BytesOf(first), BytesOf(none), BytesOf(second)}),
              IsOk());

  EXPECT_EQ(first, "45");
  EXPECT_EQ(second, "678");
}

TEST_F(RegularFileTest, SaysWhereTheFileEnds) {
  ASSERT_OK_AND_ASSIGN(const RegularFile file,
                       RegularFile::Open(folder_.Write("f", "0123")));
  std::string buffer(3, ' ');

  EXPECT_THAT(
      file.Read(2, {BytesOf(buffer)}),
      StatusIs(absl::StatusCode::kOutOfRange, "ends at byte 4, expected more"));
}

TEST_F(RegularFileTest, SeesTheSizeChange) {
  const std::string path = folder_.Write("f", "0123");
  ASSERT_OK_AND_ASSIGN(const RegularFile file, RegularFile::Open(path));
  EXPECT_THAT(file.size_bytes(), IsOkAndHolds(4));

  ASSERT_EQ(truncate(path.c_str(), 1), 0);

  EXPECT_THAT(file.size_bytes(), IsOkAndHolds(1));
}

TEST_F(RegularFileTest, StaysOpenWhenMoved) {
  ASSERT_OK_AND_ASSIGN(RegularFile file,
                       RegularFile::Open(folder_.Write("f", "0123")));
  ASSERT_OK_AND_ASSIGN(RegularFile other,
                       RegularFile::Open(folder_.Write("g", "01")));

  const RegularFile moved = std::move(file);
  other = RegularFile(std::move(other));

  EXPECT_THAT(moved.size_bytes(), IsOkAndHolds(4));
  EXPECT_THAT(other.size_bytes(), IsOkAndHolds(2));
}

TEST_F(RegularFileTest, AFifoDoesNotHang) {
  ASSERT_EQ(mkfifo(folder_.PathOf("fifo").c_str(), 0600), 0);

  EXPECT_THAT(
      RegularFile::Open(folder_.PathOf("fifo")),
      StatusIs(absl::StatusCode::kFailedPrecondition, "is not a regular file"));
}

TEST_F(RegularFileTest, OnlyAbsenceIsNotFound) {
  std::filesystem::create_symlink("loop", folder_.PathOf("loop"));
  folder_.Write("f", "");

  for (const char* name : {"absent", "absent/f", "f/inside"}) {
    EXPECT_THAT(RegularFile::Open(folder_.PathOf(name)),
                StatusIs(absl::StatusCode::kNotFound))
        << name;
  }
  for (const char* name : {"", "loop"}) {
    EXPECT_THAT(RegularFile::Open(folder_.PathOf(name)),
                StatusIs(absl::StatusCode::kFailedPrecondition))
        << name;
  }
}

TEST_F(RegularFileTest, WholeFilesAreReadUpToALimit) {
  const std::string path = folder_.Write("f", std::string("a\0b", 3));

  EXPECT_THAT(ReadRegularFile(path, 3), IsOkAndHolds(std::string("a\0b", 3)));
  EXPECT_THAT(ReadRegularFile(path, 2),
              StatusIs(absl::StatusCode::kOutOfRange, HasSubstr("3 bytes")));
}

TEST(IsFileNameTest, TakesOnePathComponent) {
  for (const char* name : {"a", "model-00001-of-00002.safetensors", "...", " ",
                           "1_Pooling", "\xC3\xA4"}) {
    EXPECT_TRUE(IsFileName(name)) << name;
  }
  EXPECT_TRUE(IsFileName(std::string(255, 'n')));
}

TEST(IsFileNameTest, RefusesPaths) {
  for (const char* name : {"", ".", "..", "/", "a/b", "../a", "/a", "a/"}) {
    EXPECT_FALSE(IsFileName(name)) << name;
  }
  EXPECT_FALSE(IsFileName(std::string("a\0b", 3)));
  EXPECT_FALSE(IsFileName(std::string(256, 'n')));
}

TEST_F(RegularFileTest, SaysWhatHelpsWhereItMayNotRead) {
  const std::string path = folder_.Write("secret", "0123456789");
  ASSERT_EQ(chmod(path.c_str(), 0200), 0);
  const AsOrdinaryUser user;

  EXPECT_THAT(
      RegularFile::Open(path),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               AllOf(HasSubstr(absl::StrCat("mode 0200 of user ", getuid())),
                     HasSubstr("chmod a+r it"))));
}

TEST_F(RegularFileTest, SaysWhatHelpsWhereItMayNotEnterAFolder) {
  const std::string path = folder_.Write("closed/file", "0123456789");
  const std::string folder = folder_.PathOf("closed");
  ASSERT_EQ(chmod(folder.c_str(), 0600), 0);
  {
    const AsOrdinaryUser user;
    EXPECT_THAT(RegularFile::Open(path),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         HasSubstr("may not enter a folder on the way")));
  }
  ASSERT_EQ(chmod(folder.c_str(), 0700), 0);
}

}  // namespace
}  // namespace transformerd
