#include "model/checkpoint/safetensors_header.h"

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

absl::StatusOr<std::vector<CheckpointEntry>> Parse(const std::string& header,
                                                   int64_t payload_bytes) {
  return ParseSafetensorsHeader(
      header, kSafetensorsPrefixBytes + header.size() + payload_bytes);
}

std::string Member(absl::string_view name, absl::string_view dtype,
                   absl::string_view shape, absl::string_view offsets) {
  return absl::StrCat("\"", name, "\":{\"dtype\":\"", dtype,
                      "\",\"shape\":", shape, ",\"data_offsets\":", offsets,
                      "}");
}

std::string Header(const std::vector<std::string>& members) {
  return absl::StrCat("{", absl::StrJoin(members, ","), "}");
}

// A header with one tensor of 4 bytes.
std::string One(absl::string_view dtype, absl::string_view shape,
                absl::string_view offsets) {
  return Header({Member("a", dtype, shape, offsets)});
}

MATCHER_P3(IsEntry, key, offset_bytes, size_bytes, "") {
  return arg.key == key && arg.offset_bytes == offset_bytes &&
         arg.size_bytes == size_bytes && arg.file == 0;
}

TEST(SafetensorsHeaderTest, ListsTensorsInTheOrderOfTheirBytes) {
  const std::string header = Header({Member("b", "BF16", "[2,2]", "[4,12]"),
                                     Member("a", "F32", "[1]", "[0,4]")});
  const int64_t data = 8 + header.size();

  EXPECT_THAT(
      Parse(header, 12),
      IsOkAndHolds(ElementsAre(
          AllOf(IsEntry("a", data, 4), Field(&CheckpointEntry::shape, Shape{1}),
                Field(&CheckpointEntry::dtype, DType::kF32)),
          AllOf(IsEntry("b", data + 4, 8),
                Field(&CheckpointEntry::shape, Shape{2, 2}),
                Field(&CheckpointEntry::dtype, DType::kBF16)))));
}

TEST(SafetensorsHeaderTest, TakesFilesWithoutTensors) {
  EXPECT_THAT(Parse("{}", 0), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(Parse("{\"__metadata__\":{}}", 0), IsOkAndHolds(IsEmpty()));
}

TEST(SafetensorsHeaderTest, TakesMetadataOfStrings) {
  const std::string header =
      absl::StrCat("{\"__metadata__\":{\"format\":\"pt\",\"x\":\"\"},",
                   Member("a", "U8", "[1]", "[0,1]"), "}");

  EXPECT_THAT(Parse(header, 1), IsOkAndHolds(SizeIs(1)));
}

TEST(SafetensorsHeaderTest, TakesWhitespaceAroundTheObject) {
  const std::string object = One("F32", "[1]", "[0,4]");

  EXPECT_THAT(Parse(object + std::string(4096, ' '), 4), IsOk());
  EXPECT_THAT(Parse(absl::StrCat("\t\r\n ", object, "\r\n\t"), 4), IsOk());
}

TEST(SafetensorsHeaderTest, TakesScalarsAndTensorsWithoutElements) {
  const std::string header = Header({Member("scalar", "F64", "[]", "[0,8]"),
                                     Member("none", "F32", "[3,0,5]", "[8,8]"),
                                     Member("first", "I8", "[0]", "[0,0]")});
  const int64_t data = 8 + header.size();

  EXPECT_THAT(Parse(header, 8),
              IsOkAndHolds(ElementsAre(IsEntry("first", data, 0),
                                       IsEntry("scalar", data, 8),
                                       IsEntry("none", data + 8, 0))));
}

TEST(SafetensorsHeaderTest, TakesSubByteTensorsOfWholeBytes) {
  EXPECT_THAT(Parse(One("F4", "[8]", "[0,4]"), 4), IsOk());
  EXPECT_THAT(Parse(One("F6_E2M3", "[4]", "[0,3]"), 3), IsOk());
}

TEST(SafetensorsHeaderTest, TakesNamesUpToTheLimit) {
  const std::string name(kMaxSafetensorsNameBytes, 'n');

  EXPECT_THAT(Parse(Header({Member(name, "U8", "[1]", "[0,1]")}), 1), IsOk());
  EXPECT_THAT(
      Parse(Header({Member("\xC3\xA4/\\u0041 ", "U8", "[1]", "[0,1]")}), 1),
      IsOkAndHolds(ElementsAre(Field(&CheckpointEntry::key, "\xC3\xA4/A "))));
}

// One broken header for each way to break a rule of the format.
struct BadHeader {
  std::string rule;
  std::string header;
  int64_t payload_bytes;
  Reason reason;
  std::string message;
};

void PrintTo(const BadHeader& bad, std::ostream* out) { *out << bad.rule; }

const std::string kBig = "9223372036854775808";       // 2^63
const std::string kHuge = "99999999999999999999999";  // over 2^64

std::vector<BadHeader> NotTheFormat() {
  const Reason invalid = Reason::kHeaderInvalid;
  const std::string good = One("F32", "[1]", "[0,4]");
  const std::string deep(100'000, '[');
  return {
      {"4 not UTF-8", Header({Member("\xFF", "U8", "[1]", "[0,1]")}), 1,
       invalid, "JSON"},
      {"4 overlong UTF-8", Header({Member("\xC0\xAF", "U8", "[1]", "[0,1]")}),
       1, invalid, "JSON"},
      {"4 lone surrogate", Header({Member("\\ud800", "U8", "[1]", "[0,1]")}), 1,
       invalid, "JSON"},
      {"4 byte order mark", "\xEF\xBB\xBF" + good, 4, invalid, "byte 1"},
      {"5 empty", "", 0, invalid, "JSON"},
      {"5 blanks", "    ", 0, invalid, "JSON"},
      {"5 not JSON", "{this is not json}", 0, invalid, "JSON"},
      {"5 comment", "{/**/}", 0, invalid, "JSON"},
      {"5 comma at the end", "{\"__metadata__\":{},}", 0, invalid, "JSON"},
      {"5 cut off", good.substr(0, good.size() - 1), 4, invalid, "JSON"},
      {"5 two values", good + good, 4, invalid, "JSON"},
      {"5 NUL at the end", good + std::string(1, '\0'), 4, invalid, "JSON"},
      {"5 hidden behind NUL", "{}" + std::string("\0{}", 3), 0, invalid,
       "byte 3"},
      {"5 a list", "[1,2,3]", 0, invalid, "found a list"},
      {"5 a string", "\"x\"", 0, invalid, "found a string"},
      {"5 null", "null", 0, invalid, "found null"},
      {"5 a number", "7", 0, invalid, "found 7"},
      {"5 tensor is a list", "{\"a\":[]}", 0, invalid, "found a list"},
      {"5 tensor is null", "{\"a\":null}", 0, invalid, "found null"},
      {"5 tensor is empty", "{\"a\":{}}", 0, invalid, "dtype (a string)"},
      {"5 no dtype", "{\"a\":{\"shape\":[],\"data_offsets\":[0,4]}}", 4,
       invalid, "dtype"},
      {"5 no shape", "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4,
       invalid, "shape"},
      {"5 no offsets", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, invalid,
       "data_offsets"},
      {"5 dtype is a number",
       "{\"a\":{\"dtype\":7,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, invalid,
       "found 7"},
      {"5 shape is a number", One("F32", "1", "[0,4]"), 4, invalid, "found 1"},
      {"5 shape is null", One("F32", "null", "[0,4]"), 4, invalid,
       "found null"},
      {"5 shape of strings", One("F32", "[\"1\"]", "[0,4]"), 4, invalid,
       "found a string"},
      {"5 shape of lists", One("F32", "[[1]]", "[0,4]"), 4, invalid,
       "found a list"},
      {"5 one offset", One("F32", "[1]", "[0]"), 4, invalid, "two integers"},
      {"5 three offsets", One("F32", "[1]", "[0,4,8]"), 4, invalid, "found 8"},
      {"5 offsets are an object", One("F32", "[1]", "{}"), 4, invalid,
       "found an object"},
      {"5 another field",
       "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1],"
       "\"strides\":[1]}}",
       1, invalid, "key \"strides\""},
      {"5 metadata of numbers", "{\"__metadata__\":{\"format\":7}}", 0, invalid,
       "__metadata__"},
      {"5 metadata of objects", "{\"__metadata__\":{\"x\":{}}}", 0, invalid,
       "__metadata__"},
      {"5 metadata is null", "{\"__metadata__\":null}", 0, invalid,
       "__metadata__"},
      {"5 metadata is a list", "{\"__metadata__\":[]}", 0, invalid,
       "__metadata__"},
      {"5 deep lists", "{\"__metadata__\":" + deep, 0, invalid, "found a list"},
      {"5 deep objects",
       absl::StrCat(
           "{\"a\":",
           absl::StrJoin(std::vector<std::string>(100'000, "{\"dtype\":"), "")),
       0, invalid, "found an object"},
      {"name too long",
       Header({Member(std::string(kMaxSafetensorsNameBytes + 1, 'n'), "U8",
                      "[1]", "[0,1]")}),
       1, invalid, "1025 bytes"},
  };
}

std::vector<BadHeader> WrongNamesAndTypes() {
  const Reason duplicate = Reason::kDuplicateName;
  const Reason unknown = Reason::kDtypeUnknown;
  const std::string a = Member("a", "U8", "[1]", "[0,1]");
  return {
      {"7 the same range", Header({a, a}), 1, duplicate, "\"a\""},
      {"7 another range", Header({a, Member("a", "U8", "[1]", "[1,2]")}), 2,
       duplicate, "\"a\""},
      {"7 escaped", Header({a, Member("\\u0061", "U8", "[1]", "[1,2]")}), 2,
       duplicate, "\"a\""},
      {"7 metadata", "{\"__metadata__\":{},\"__metadata__\":{}}", 0, duplicate,
       "__metadata__"},
      {"7 field",
       "{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[1],"
       "\"data_offsets\":[0,1]}}",
       1, Reason::kHeaderInvalid, "key \"dtype\""},
      {"8 unknown", One("Q7", "[1]", "[0,4]"), 4, unknown, "dtype \"Q7\""},
      {"8 lower case", One("f32", "[1]", "[0,4]"), 4, unknown, "\"f32\""},
      {"8 empty", One("", "[1]", "[0,4]"), 4, unknown, "\"\""},
      {"8 control characters", One("F32\\n", "[1]", "[0,4]"), 4, unknown,
       "F32\\n"},
  };
}

std::vector<BadHeader> WrongShapes() {
  const Reason shape = Reason::kShapeInvalid;
  return {
      {"9 negative", One("F32", "[-1]", "[0,4]"), 4, shape, "extent -1"},
      {"9 negative zero", One("F32", "[-0]", "[0,4]"), 4, shape, "extent"},
      {"9 fraction", One("F32", "[1.5]", "[0,4]"), 4, shape, "extent 1.5"},
      {"9 whole float", One("F32", "[1.0]", "[0,4]"), 4, shape, "extent"},
      {"9 exponent", One("F32", "[1e0]", "[0,4]"), 4, shape, "extent"},
      {"9 over 63 bits", One("F32", absl::StrCat("[", kBig, "]"), "[0,4]"), 4,
       shape, "extent " + kBig},
      {"9 over 64 bits", One("F32", absl::StrCat("[", kHuge, "]"), "[0,4]"), 4,
       shape, "extent"},
      {"9 product", One("U8", "[4294967296,4294967296]", "[0,4]"), 4, shape,
       "[4294967296,4294967296]"},
      {"9 product then zero", One("U8", "[4294967296,4294967296,0]", "[0,0]"),
       0, shape, "no size"},
      {"9 bytes", One("F32", "[4611686018427387904]", "[0,0]"), 0, shape,
       "no size"},
      {"10 bits", One("F4", "[3]", "[0,1]"), 1, shape, "F4[3]"},
      {"10 bits of 6", One("F6_E3M2", "[2]", "[0,1]"), 1, shape, "F6_E3M2[2]"},
      {"12 shorter", One("F32", "[2]", "[0,4]"), 4, shape,
       "hold 4 bytes, expected 8 for F32[2]"},
      {"12 longer", One("F32", "[1]", "[0,8]"), 8, shape, "expected 4"},
      {"12 not empty", One("F32", "[0]", "[0,4]"), 4, shape, "expected 0"},
      {"rank", One("U8", "[1,1,1,1,1,1,1,1,1]", "[0,1]"), 1, shape,
       "more than 8 dimensions"},
  };
}

std::vector<BadHeader> WrongOffsets() {
  const Reason offsets = Reason::kOffsetsInvalid;
  const std::string a = Member("a", "U8", "[4]", "[0,4]");
  return {
      {"9 negative", One("F32", "[1]", "[-4,0]"), 4, offsets, "offset -4"},
      {"9 fraction", One("F32", "[1]", "[0,4.0]"), 4, offsets, "offset 4"},
      {"9 over 63 bits", One("F32", "[1]", absl::StrCat("[0,", kBig, "]")), 4,
       offsets, "offset " + kBig},
      {"9 over 64 bits", One("F32", "[1]", absl::StrCat("[0,", kHuge, "]")), 4,
       offsets, "offset"},
      {"11 reversed", One("F32", "[1]", "[4,0]"), 4, offsets,
       "end before they begin"},
      {"11 begins late", One("F32", "[1]", "[4,8]"), 8, offsets, "hole"},
      {"11 hole", Header({a, Member("b", "U8", "[4]", "[5,9]")}), 9, offsets,
       "tensor \"b\""},
      {"11 overlap", Header({a, Member("b", "U8", "[4]", "[3,7]")}), 7, offsets,
       "expected 4"},
      {"11 the same bytes", Header({a, Member("b", "U8", "[4]", "[0,4]")}), 4,
       offsets, "tensor \"b\""},
      {"11 inside another", Header({a, Member("b", "U8", "[2]", "[1,3]")}), 4,
       offsets, "tensor \"b\""},
      {"11 beyond the file",
       Header({Member("a", "U8", "[4]", "[0,400]"),
               Member("b", "U8", "[4]", "[4,8]")}),
       8, offsets, "tensor \"a\""},
      {"11 nothing inside another",
       Header({a, Member("b", "U8", "[0]", "[2,2]")}), 4, offsets,
       "tensor \"b\""},
      {"13 trailing bytes", Header({a}), 5, offsets, "has 5 bytes"},
      {"13 bytes without tensors", "{}", 1, offsets, "has 1 bytes"},
      {"13 truncated", Header({a}), 3, Reason::kTruncated,
       "has 3 bytes behind the header, expected 4"},
      {"13 no data", Header({a}), 0, Reason::kTruncated, "has 0 bytes"},
  };
}

class BadHeaderTest : public testing::TestWithParam<BadHeader> {};

TEST_P(BadHeaderTest, IsRefusedWithItsReason) {
  const BadHeader& bad = GetParam();

  const auto entries = Parse(bad.header, bad.payload_bytes);

  EXPECT_THAT(entries, StatusIs(absl::StatusCode::kFailedPrecondition,
                                HasSubstr(bad.message)))
      << bad.rule;
  EXPECT_THAT(entries, HasReason(bad.reason)) << bad.rule;
}

INSTANTIATE_TEST_SUITE_P(Format, BadHeaderTest,
                         testing::ValuesIn(NotTheFormat()));
INSTANTIATE_TEST_SUITE_P(NamesAndTypes, BadHeaderTest,
                         testing::ValuesIn(WrongNamesAndTypes()));
INSTANTIATE_TEST_SUITE_P(Shapes, BadHeaderTest,
                         testing::ValuesIn(WrongShapes()));
INSTANTIATE_TEST_SUITE_P(Offsets, BadHeaderTest,
                         testing::ValuesIn(WrongOffsets()));

TEST(SafetensorsHeaderTest, RefusesAHundredThousandTensorsOnTheSameBytes) {
  std::vector<std::string> members;
  for (int i = 0; i < 100'000; ++i) {
    members.push_back(
        Member(absl::StrCat("t", i), "F32", "[200,200]", "[0,160000]"));
  }

  EXPECT_THAT(Parse(Header(members), 160000),
              HasReason(Reason::kOffsetsInvalid));
}

TEST(SafetensorsHeaderTest, RefusesMoreTensorsThanTheLimit) {
  std::string header = "{";
  for (int64_t i = 0; i <= kMaxSafetensorsTensors; ++i) {
    absl::StrAppend(&header, i == 0 ? "" : ",",
                    Member(absl::StrCat(i), "U8", "[0]", "[0,0]"));
  }

  EXPECT_THAT(Parse(header + "}", 0), HasReason(Reason::kHeaderTooLarge));
}

TEST(SafetensorsHeaderTest, MessagesStayShortAndPrintable) {
  const std::string name = std::string(1000, 'n') + "\\n";

  const auto entries = Parse(Header({Member(name, "Q7", "[1]", "[0,4]")}), 4);

  ASSERT_FALSE(entries.ok());
  EXPECT_LT(entries.status().message().size(), 400);
  EXPECT_THAT(std::string(entries.status().message()),
              testing::Not(HasSubstr("\n")));
}

// Rules 1 to 3: the first eight bytes.
std::string Prefix(uint64_t length) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(length >> (8 * i));
  return bytes;
}

TEST(SafetensorsPrefixTest, IsALittleEndianLength) {
  EXPECT_THAT(ParseSafetensorsPrefix(Prefix(0), 8), IsOkAndHolds(0));
  EXPECT_THAT(ParseSafetensorsPrefix(Prefix(0x1234), 0x2000),
              IsOkAndHolds(0x1234));
  EXPECT_THAT(ParseSafetensorsPrefix(Prefix(kMaxSafetensorsHeaderBytes),
                                     kMaxSafetensorsHeaderBytes + 8),
              IsOkAndHolds(kMaxSafetensorsHeaderBytes));
}

TEST(SafetensorsPrefixTest, Rule1RefusesFilesWithoutOne) {
  for (int size = 0; size < 8; ++size) {
    EXPECT_THAT(ParseSafetensorsPrefix(Prefix(0).substr(0, size), size),
                HasReason(Reason::kTruncated))
        << size;
  }
}

TEST(SafetensorsPrefixTest, Rule2RefusesLengthsOverTheLimitOfTheFormat) {
  for (uint64_t length : {uint64_t{100'000'001}, uint64_t{1} << 32,
                          uint64_t{1} << 63, ~uint64_t{0}}) {
    EXPECT_THAT(ParseSafetensorsPrefix(Prefix(length), int64_t{1} << 62),
                HasReason(Reason::kHeaderTooLarge))
        << length;
  }
}

TEST(SafetensorsPrefixTest, Rule3RefusesHeadersBeyondTheFile) {
  EXPECT_THAT(ParseSafetensorsPrefix(Prefix(1), 8),
              HasReason(Reason::kTruncated));
  EXPECT_THAT(ParseSafetensorsPrefix(Prefix(1000), 1007),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "header of 1000 bytes, but only 999 follow"));
}

}  // namespace
}  // namespace transformerd
