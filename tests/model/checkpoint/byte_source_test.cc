#include "model/checkpoint/byte_source.h"

#include <fstream>
#include <string>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/regular_file.h"
#include "tests/fakes/temporary_folder.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::HasSubstr;

class ByteSourceTest : public testing::Test {
 protected:
  ByteSourceTest() : path_(folder_.Write("file", "0123456789")) {}

  // Writes until the file system's clock has moved on.
  void WriteAnew(const std::string& content) {
    const absl::Time opened = *RegularFile::Open(path_)->modified_at();
    while (*RegularFile::Open(path_)->modified_at() == opened) {
      std::ofstream(path_, std::ios::binary) << content;
    }
  }

  TemporaryFolder folder_;
  const std::string path_;
};

TEST_F(ByteSourceTest, ReadsRangesOfAFile) {
  ASSERT_OK_AND_ASSIGN(const auto source, OpenByteSource(path_));

  EXPECT_EQ(source->size_bytes(), 10);
  EXPECT_THAT(ReadString(*source, 2, 3), IsOkAndHolds("234"));
  EXPECT_THAT(ReadString(*source, 10, 0), IsOkAndHolds(""));
  EXPECT_THAT(source->CheckUnchanged(), IsOk());
}

TEST_F(ByteSourceTest, RefusesRangesThatAreNotInside) {
  ASSERT_OK_AND_ASSIGN(const auto source, OpenByteSource(path_));

  EXPECT_THAT(ReadString(*source, 8, 3), HasReason(Reason::kTruncated));
  EXPECT_THAT(ReadString(*source, 11, 0), HasReason(Reason::kTruncated));
  EXPECT_THAT(ReadString(*source, -1, 1), HasReason(Reason::kTruncated));
  EXPECT_THAT(ReadString(*source, 1, int64_t{1} << 62),
              HasReason(Reason::kTruncated));
}

TEST_F(ByteSourceTest, SaysThatAFileIsNotThere) {
  EXPECT_THAT(OpenByteSource(folder_.PathOf("absent")),
              HasReason(Reason::kWeightsNotFound));
}

TEST_F(ByteSourceTest, NoticesAnotherSize) {
  ASSERT_OK_AND_ASSIGN(const auto source, OpenByteSource(path_));

  std::ofstream(path_, std::ios::binary) << "0123";

  EXPECT_THAT(source->CheckUnchanged(), HasReason(Reason::kTruncated));
  EXPECT_THAT(std::string(source->CheckUnchanged().message()),
              HasSubstr("changed from 10 to 4 bytes"));
  EXPECT_THAT(ReadString(*source, 2, 5), HasReason(Reason::kTruncated));
}

TEST_F(ByteSourceTest, NoticesThatAFileOfTheSameSizeWasWrittenTo) {
  ASSERT_OK_AND_ASSIGN(const auto source, OpenByteSource(path_));

  WriteAnew("abcdefghij");

  EXPECT_THAT(source->CheckUnchanged(), HasReason(Reason::kHeaderInvalid));
}

TEST_F(ByteSourceTest, AFileThatIsReplacedStaysAsItWas) {
  ASSERT_OK_AND_ASSIGN(const auto source, OpenByteSource(path_));
  const std::string other = folder_.Write("other", "abcdefghij");

  ASSERT_EQ(std::rename(other.c_str(), path_.c_str()), 0);

  EXPECT_THAT(source->CheckUnchanged(), IsOk());
  EXPECT_THAT(ReadString(*source, 0, 3), IsOkAndHolds("012"));
}

TEST(LittleEndianTest, PutsTheLowestByteFirst) {
  EXPECT_EQ(Little16("\x01\x02"), 0x0201);
  EXPECT_EQ(Little32("\x01\x02\x03\x84"), 0x84030201u);
  EXPECT_EQ(Little64("\x01\x02\x03\x04\x05\x06\x07\x88"), 0x8807060504030201u);
}

}  // namespace
}  // namespace transformerd
