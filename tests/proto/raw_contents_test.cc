#include "proto/raw_contents.h"

#include <cstdint>
#include <limits>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

TEST(TensorFromRawTest, TakesBytesAsTheyAre) {
  ASSERT_OK_AND_ASSIGN(const HostTensor tensor,
                       TensorFromRaw(std::string("\1\0\0\0\xFF\xFF\xFF\xFF", 8),
                                     DType::kI32, {1, 2}));

  EXPECT_EQ(tensor.shape, (Shape{1, 2}));
  EXPECT_THAT(tensor.as<int32_t>(), ElementsAre(1, -1));
}

TEST(TensorFromRawTest, TakesScalarsAndTensorsWithoutElements) {
  ASSERT_OK_AND_ASSIGN(const HostTensor scalar,
                       TensorFromRaw("\7", DType::kU8, {}));
  EXPECT_THAT(scalar.as<uint8_t>(), ElementsAre(7));

  ASSERT_OK_AND_ASSIGN(const HostTensor empty,
                       TensorFromRaw("", DType::kF32, {3, 0}));
  EXPECT_THAT(empty.bytes, IsEmpty());
}

TEST(TensorFromRawTest, RefusesAnyOtherNumberOfBytes) {
  for (size_t size : {0, 1, 7, 9, 16}) {
    EXPECT_THAT(
        TensorFromRaw(std::string(size, '\0'), DType::kI64, {1, 1}),
        StatusIs(kInvalid, HasSubstr("bytes, expected 8 for INT64 of shape")))
        << size;
  }
}

TEST(TensorFromRawTest, RefusesAShapeWhoseBytesOverflow) {
  constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();

  EXPECT_THAT(TensorFromRaw("", DType::kI64, {kHuge}),
              StatusIs(kInvalid, HasSubstr("more than int64 holds")));
  EXPECT_THAT(TensorFromRaw("", DType::kI64, {1LL << 61}), StatusIs(kInvalid));
}

TEST(TensorFromRawTest, RefusesBoolsThatAreNeitherTrueNorFalse) {
  EXPECT_THAT(TensorFromRaw(std::string("\0\1", 2), DType::kBool, {2}), IsOk());
  EXPECT_THAT(
      TensorFromRaw(std::string("\0\2", 2), DType::kBool, {2}),
      StatusIs(kInvalid, HasSubstr("element 1 is the byte 2, not 0 or 1")));
}

TEST(StringsFromRawTest, SplitsLengthPrefixedStrings) {
  // As tritonclient sends ["h<e acute>", "x", ""].
  const std::string raw("\3\0\0\0h\xC3\xA9\1\0\0\0x\0\0\0\0", 16);

  EXPECT_THAT(StringsFromRaw(raw, 3),
              IsOkAndHolds(ElementsAre("h\xC3\xA9", "x", "")));
}

TEST(StringsFromRawTest, KeepsBytesThatAreNoText) {
  EXPECT_THAT(StringsFromRaw(std::string("\2\0\0\0\xFF\0", 6), 1),
              IsOkAndHolds(ElementsAre(std::string("\xFF\0", 2))));
}

TEST(StringsFromRawTest, RefusesWhatIsCutShort) {
  EXPECT_THAT(
      StringsFromRaw(std::string("\2\0\0\0x", 5), 1),
      StatusIs(kInvalid, HasSubstr("string 0 of 1: 1 bytes left, expected 2")));
  EXPECT_THAT(StringsFromRaw(std::string("\2\0\0\0xy\0\0", 8), 2),
              StatusIs(kInvalid, HasSubstr("2 bytes left, expected a length")));
  EXPECT_THAT(StringsFromRaw("\xFF\xFF\xFF\xFF", 1), StatusIs(kInvalid));
}

TEST(StringsFromRawTest, RefusesWhatIsLeftOver) {
  EXPECT_THAT(StringsFromRaw(std::string("\0\0\0\0z", 5), 1),
              StatusIs(kInvalid, HasSubstr("1 bytes left over after 1")));
  EXPECT_THAT(StringsFromRaw(std::string(4, '\0'), 0), StatusIs(kInvalid));
}

TEST(StringsFromRawTest, SetsNoMemoryAsideForMoreThanThereIs) {
  EXPECT_THAT(
      StringsFromRaw(std::string(8, '\0'), std::numeric_limits<int64_t>::max()),
      StatusIs(kInvalid, HasSubstr("too few for the lengths of")));
}

}  // namespace
}  // namespace transformerd
