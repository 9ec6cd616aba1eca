#include "model/checkpoint/zip_directory.h"

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/memory_source.h"
#include "tests/fakes/torch_bytes.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Entries = std::vector<std::pair<std::string, std::string>>;

// The format's records, in the order of the file.
constexpr absl::string_view kLocal("PK\3\4", 4);
constexpr absl::string_view kCentral("PK\1\2", 4);
constexpr absl::string_view kEnd64("PK\6\6", 4);
constexpr absl::string_view kLocator("PK\6\7", 4);
constexpr absl::string_view kEnd("PK\5\6", 4);

const Entries kTwo = {{"a/one", "first"}, {"a/two", "second!"}};

absl::StatusOr<std::vector<ZipEntry>> Parse(const std::string& bytes) {
  return ReadZipDirectory(MemorySource(bytes));
}

// Writes `bytes` at `offset` of the last record with that signature.
std::string Patch(std::string file, absl::string_view signature, size_t offset,
                  absl::string_view bytes) {
  const size_t at = file.rfind(std::string(signature)) + offset;
  return file.replace(at, bytes.size(), bytes.data(), bytes.size());
}

TEST(ZipDirectoryTest, ListsEntriesInTheOrderOfTheirContents) {
  for (const std::string& bytes : {ZipBytes(kTwo), Zip64Bytes(kTwo)}) {
    ASSERT_OK_AND_ASSIGN(const auto entries, Parse(bytes));

    ASSERT_THAT(entries, ElementsAre(Field(&ZipEntry::name, "a/one"),
                                     Field(&ZipEntry::name, "a/two")));
    EXPECT_EQ(bytes.substr(entries[0].offset_bytes, 5), "first");
    EXPECT_EQ(bytes.substr(entries[1].offset_bytes, 7), "second!");
    EXPECT_EQ(entries[1].size_bytes, 7);
  }
}

TEST(ZipDirectoryTest, AnEmptyArchiveHasNoEntries) {
  EXPECT_THAT(Parse(ZipBytes({})), IsOkAndHolds(IsEmpty()));
}

TEST(ZipDirectoryTest, FindsContentsBehindExtraFields) {
  // Five bytes more in the local header: what torch aligns contents with.
  std::string bytes = ZipBytes({{"a/one", "first"}});
  bytes = Patch(bytes, kLocal, 28, "\x05");
  bytes.insert(bytes.find("first"), "FB\1\0Z", 5);
  const std::string begin(1, static_cast<char>(bytes.find(kCentral.data())));
  bytes = Patch(bytes, kEnd, 16, begin);

  ASSERT_OK_AND_ASSIGN(const auto entries, Parse(bytes));

  EXPECT_EQ(bytes.substr(entries[0].offset_bytes, 5), "first");
}

TEST(ZipDirectoryTest, ReadsFiguresThatStandInAZip64Field) {
  std::string bytes = ZipBytes({{"a/one", "first"}});
  bytes = Patch(bytes, kCentral, 20, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF");
  bytes = Patch(bytes, kCentral, 30, "\x14");
  bytes.insert(bytes.rfind("a/one") + 5,
               std::string("\1\0\x10\0\5\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0", 20));
  bytes = Patch(bytes, kEnd, 12, std::string(1, 46 + 5 + 20));

  ASSERT_OK_AND_ASSIGN(const auto entries, Parse(bytes));

  EXPECT_EQ(entries[0].size_bytes, 5);
}

TEST(ZipDirectoryTest, ReadsSmallEntriesAndChecksThem) {
  std::string bytes = ZipBytes(kTwo);
  ASSERT_OK_AND_ASSIGN(const auto entries, Parse(bytes));
  EXPECT_THAT(ReadZipEntry(MemorySource(bytes), entries[0], 5),
              IsOkAndHolds("first"));
  EXPECT_THAT(ReadZipEntry(MemorySource(bytes), entries[0], 4),
              HasReason(Reason::kZipInvalid));

  bytes[entries[0].offset_bytes] = 'F';

  EXPECT_THAT(ReadZipEntry(MemorySource(bytes), entries[0], 5),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("\"a/one\": its checksum")));
}

struct Damage {
  const char* name;
  std::string bytes;
  const char* message;
};

std::vector<Damage> Damages() {
  const std::string zip = ZipBytes(kTwo), zip64 = Zip64Bytes(kTwo);
  const auto named = [](const std::string& name) {
    return ZipBytes({{name, "x"}});
  };
  const std::string ones4(4, '\xFF'), ones8(8, '\xFF');
  return {
      {"Empty", "", "too short"},
      {"ShorterThanItsEnd", "PK\5\6", "too short"},
      {"NoEnd", zip.substr(0, zip.size() - 22), "does not end in"},
      {"CutOff", zip.substr(0, zip.size() - 1), "does not end in"},
      {"BytesBehind", zip + "x", "does not end in"},
      {"Comment", Patch(zip, kEnd, 20, "\x01") + "x", "does not end in"},
      {"CommentLie", Patch(zip, kEnd, 20, "\x01"), "does not end in"},
      {"Disk", Patch(zip, kEnd, 4, "\x01"), "several parts"},
      {"DirectoryDisk", Patch(zip, kEnd, 6, "\x01"), "several parts"},
      {"EntriesOfDisk", Patch(zip, kEnd, 8, "\x01"), "several parts"},
      {"MoreEntries", Patch(zip, kEnd, 8, {"\3\0\3\0", 4}), "is broken"},
      {"FewerEntries", Patch(zip, kEnd, 8, {"\1\0\1\0", 4}), "behind the last"},
      {"DirectorySize", Patch(zip, kEnd, 12, "\x10"), "not where its end says"},
      {"DirectoryOffset", Patch(zip, kEnd, 16, "\x01"), "not where its end"},
      {"OffsetBeyond", Patch(zip, kEnd, 16, ones4), "not where its end says"},
      {"PrefixedFile", "xxxx" + zip, "not where its end says"},
      {"LocatorElsewhere", Patch(zip64, kLocator, 8, "\x01"), "zip64 records"},
      {"LocatorDisk", Patch(zip64, kLocator, 4, "\x01"), "zip64 records"},
      {"LocatorDisks", Patch(zip64, kLocator, 16, "\x02"), "zip64 records"},
      {"RecordSize", Patch(zip64, kEnd64, 4, "\x2D"), "zip64 records"},
      {"RecordSizeHuge", Patch(zip64, kEnd64, 4, ones8), "zip64 records"},
      {"RecordCount", Patch(zip64, kEnd64, 32, "\x03"), "contradicts"},
      {"RecordOffset", Patch(zip64, kEnd64, 48, "\x01"), "contradicts"},
      {"RecordOffsetHuge",
       Patch(Patch(zip64, kEnd64, 48, ones8), kEnd, 16, ones4),
       "not where its end says"},
      {"CountHuge",
       Patch(Patch(zip64, kEnd64, 24, ones8 + ones8), kEnd, 8, ones4),
       "not where its end says"},
      {"CentralSignature", Patch(zip, kCentral, 3, "\x09"), "is broken"},
      {"NameBeyondDirectory", Patch(zip, kCentral, 28, ones4.substr(2)),
       "cut off"},
      {"Encrypted", Patch(zip, kCentral, 8, "\x01"), "no encryption"},
      {"StrongEncryption", Patch(zip, kCentral, 8, "\x40"), "no encryption"},
      {"Deflated", Patch(zip, kCentral, 10, "\x08"), "expected 0 (stored)"},
      {"DeflatedLocally", Patch(zip, kLocal, 8, "\x08"), "local header"},
      {"OtherDisk", Patch(zip, kCentral, 34, "\x01"), "in another part"},
      {"MarkedAsFolder", Patch(zip, kCentral, 38, "\x10"), "as a folder"},
      {"CompressedSize", Patch(zip, kCentral, 20, "\x06"), "is stored as"},
      {"SizeBeyondFile",
       Patch(zip, kCentral, 20, {"\xFF\xFF\0\0\xFF\xFF\0\0", 8}),
       "is not inside"},
      {"OffsetOfEntry", Patch(zip, kCentral, 42, "\x01"), "overlaps"},
      {"OffsetInDirectory", Patch(zip, kCentral, 42, "\x70"), "is not inside"},
      {"SameOffset", Patch(zip, kCentral, 42, {"\0", 1}), "overlaps"},
      {"Zip64FieldMissing", Patch(zip, kCentral, 42, ones4), "lacks a zip64"},
      {"LocalSignature", Patch(zip, kLocal, 3, "\x09"), "local header"},
      {"LocalFlags", Patch(zip, kLocal, 6, "\x01"), "local header"},
      {"LocalChecksum", Patch(zip, kLocal, 14, "zzzz"), "local header"},
      {"LocalSize", Patch(zip, kLocal, 22, "\x01"), "local header"},
      {"LocalCompressedSize", Patch(zip, kLocal, 18, "\x01"), "local header"},
      {"LocalName", Patch(zip, kLocal, 30, "b"), "local header"},
      {"LocalNameSize", Patch(zip, kLocal, 26, "\x04"), "local header"},
      {"LocalExtraIntoNext", Patch(zip, kLocal, 28, ones4.substr(2)),
       "overlaps"},
      {"Twice", ZipBytes({{"a/x", "1"}, {"a/x", "2"}}), "is there twice"},
      {"Parent", named("a/../b"), "relative path"},
      {"Absolute", named("/etc/passwd"), "relative path"},
      {"Dot", named("a/./b"), "relative path"},
      {"Folder", named("a/"), "relative path"},
      {"NoName", named(""), "relative path"},
      {"Backslash", named("a\\..\\b"), "relative path"},
      {"NulByte", named(std::string("a/\0b", 4)), "relative path"},
      {"LongName", named(std::string(1025, 'n')), "at most 1024"},
  };
}

class ZipDamageTest : public testing::TestWithParam<Damage> {};

TEST_P(ZipDamageTest, IsRefused) {
  const auto entries = Parse(GetParam().bytes);

  EXPECT_THAT(entries, HasReason(Reason::kZipInvalid));
  EXPECT_THAT(entries, StatusIs(absl::StatusCode::kFailedPrecondition,
                                HasSubstr(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(All, ZipDamageTest, testing::ValuesIn(Damages()),
                         [](const auto& info) { return info.param.name; });

TEST(ZipDirectoryTest, Zip64FiguresThatNothingRefersToAreRefused) {
  std::string bytes = ZipBytes({{"a/one", "first"}});
  bytes = Patch(bytes, kCentral, 30, "\x0C");
  bytes.insert(bytes.rfind("a/one") + 5,
               std::string("\1\0\x08\0\5\0\0\0\0\0\0\0", 12));
  bytes = Patch(bytes, kEnd, 12, std::string(1, 46 + 5 + 12));

  EXPECT_THAT(Parse(bytes),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("zip64 figures that nothing refers to")));
}

TEST(ZipDirectoryTest, TooManyEntriesAreRefused) {
  Entries entries;
  for (int i = 0; i <= kMaxZipEntries; ++i) {
    entries.emplace_back(absl::StrCat("a/", i), "");
  }

  EXPECT_THAT(Parse(Zip64Bytes(entries)), HasReason(Reason::kZipInvalid));
}

}  // namespace
}  // namespace transformerd
