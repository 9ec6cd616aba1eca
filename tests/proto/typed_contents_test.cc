#include "proto/typed_contents.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "glog/logging.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::inference::InferTensorContents;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

InferTensorContents Contents(const std::string& text) {
  InferTensorContents contents;
  CHECK(google::protobuf::TextFormat::ParseFromString(text, &contents));
  return contents;
}

struct Good {
  DType dtype;
  const char* contents;
};

class TypedContentsTest : public ::testing::TestWithParam<Good> {};

TEST_P(TypedContentsTest, TwoElementsMakeTheTripThereAndBack) {
  const InferTensorContents contents = Contents(GetParam().contents);

  ASSERT_OK_AND_ASSIGN(const HostTensor tensor,
                       TensorFromContents(contents, GetParam().dtype, {1, 2}));
  EXPECT_EQ(tensor.shape, (Shape{1, 2}));
  EXPECT_EQ(tensor.bytes.size(), 2 * BytesOf(GetParam().dtype));

  InferTensorContents back;
  EXPECT_EQ(TensorToContents(tensor, &back), GetParam().dtype);
  EXPECT_EQ(back.SerializeAsString(), contents.SerializeAsString());
}

TEST_P(TypedContentsTest, AnyOtherNumberOfElementsIsRefused) {
  const InferTensorContents contents = Contents(GetParam().contents);

  for (const Shape& shape : {Shape{}, Shape{1}, Shape{3}, Shape{2, 0}}) {
    EXPECT_THAT(TensorFromContents(contents, GetParam().dtype, shape),
                StatusIs(kInvalid, HasSubstr("2 elements, expected")));
  }
}

TEST_P(TypedContentsTest, ElementsInAnotherFieldAreRefused) {
  EXPECT_THAT(
      TensorFromContents(Contents("bytes_contents: ['a', 'b']"),
                         GetParam().dtype, {2}),
      StatusIs(kInvalid, HasSubstr("elements in bytes_contents, expected")));

  InferTensorContents both = Contents(GetParam().contents);
  both.add_bytes_contents("a");
  EXPECT_THAT(TensorFromContents(both, GetParam().dtype, {2}),
              StatusIs(kInvalid));
}

INSTANTIATE_TEST_SUITE_P(
    AllTypes, TypedContentsTest,
    ::testing::Values(
        Good{DType::kBool, "bool_contents: [true, false]"},
        Good{DType::kI8, "int_contents: [-128, 127]"},
        Good{DType::kI16, "int_contents: [-32768, 32767]"},
        Good{DType::kI32, "int_contents: [-2147483648, 2147483647]"},
        Good{DType::kI64,
             "int64_contents: [-9223372036854775808, "
             "9223372036854775807]"},
        Good{DType::kU8, "uint_contents: [0, 255]"},
        Good{DType::kU16, "uint_contents: [0, 65535]"},
        Good{DType::kU32, "uint_contents: [0, 4294967295]"},
        Good{DType::kU64, "uint64_contents: [0, 18446744073709551615]"},
        Good{DType::kF32, "fp32_contents: [-1.5, inf]"},
        Good{DType::kF64, "fp64_contents: [1e300, nan]"}));

struct OutOfRange {
  DType dtype;
  const char* contents;
  const char* message;
};

class TypedRangeTest : public ::testing::TestWithParam<OutOfRange> {};

TEST_P(TypedRangeTest, IsRefusedWithPositionValueAndRange) {
  EXPECT_THAT(
      TensorFromContents(Contents(GetParam().contents), GetParam().dtype, {2}),
      StatusIs(kInvalid, HasSubstr(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    NarrowTypes, TypedRangeTest,
    ::testing::Values(
        OutOfRange{DType::kI8, "int_contents: [0, 128]",
                   "element 1 is 128, expected a number in [-128, 127]"},
        OutOfRange{DType::kI8, "int_contents: [-129, 0]", "element 0 is -129"},
        OutOfRange{DType::kI16, "int_contents: [0, 32768]", "is 32768"},
        OutOfRange{DType::kI16, "int_contents: [0, -32769]", "is -32769"},
        OutOfRange{DType::kU8, "uint_contents: [0, 256]", "in [0, 255]"},
        OutOfRange{DType::kU16, "uint_contents: [65536, 0]", "is 65536"}));

TEST(TypedContentsTest, HaveNoFormOf16BitFloats) {
  for (DType dtype : {DType::kF16, DType::kBF16}) {
    EXPECT_THAT(TensorFromContents(Contents("fp32_contents: 1"), dtype, {1}),
                StatusIs(kInvalid, HasSubstr("expected raw_input_contents")));
  }
}

TEST(TypedContentsTest, WidenFloat16) {
  HostTensor tensor(DType::kF16, {7});
  const std::vector<uint16_t> bits = {0x3C00, 0xC000, 0x0001, 0x03FF,
                                      0x7BFF, 0x8000, 0xFC00};
  std::copy(bits.begin(), bits.end(), tensor.as<uint16_t>().begin());

  InferTensorContents contents;
  EXPECT_EQ(TensorToContents(tensor, &contents), DType::kF32);

  EXPECT_THAT(
      contents.fp32_contents(),
      ElementsAre(1.0f, -2.0f, std::ldexp(1.0f, -24), std::ldexp(1023.0f, -24),
                  65504.0f, 0.0f, -std::numeric_limits<float>::infinity()));
  EXPECT_TRUE(std::signbit(contents.fp32_contents(5)));
}

TEST(TypedContentsTest, WidenBFloat16) {
  HostTensor tensor(DType::kBF16, {3});
  const std::vector<uint16_t> bits = {0x3F80, 0xC040, 0x7F80};
  std::copy(bits.begin(), bits.end(), tensor.as<uint16_t>().begin());

  InferTensorContents contents;
  EXPECT_EQ(TensorToContents(tensor, &contents), DType::kF32);

  EXPECT_THAT(contents.fp32_contents(),
              ElementsAre(1.0f, -3.0f, std::numeric_limits<float>::infinity()));
}

TEST(TypedContentsTest, WidenNotANumberToOne) {
  HostTensor tensor(DType::kF16, {1});
  tensor.as<uint16_t>()[0] = 0x7E01;

  InferTensorContents contents;
  TensorToContents(tensor, &contents);

  EXPECT_TRUE(std::isnan(contents.fp32_contents(0)));
}

TEST(TypedContentsTest, HoldStrings) {
  EXPECT_THAT(
      StringsFromContents(Contents("bytes_contents: ['a', '\\377']"), 2),
      IsOkAndHolds(ElementsAre("a", "\xFF")));
  EXPECT_THAT(StringsFromContents(Contents("bytes_contents: 'a'"), 2),
              StatusIs(kInvalid, HasSubstr("1 elements, expected 2")));
  EXPECT_THAT(StringsFromContents(Contents("int_contents: 1"), 1),
              StatusIs(kInvalid, HasSubstr("expected them in bytes_contents")));
}

TEST(TypedContentsTest, HaveElementsInAnyField) {
  EXPECT_FALSE(HasElements(InferTensorContents()));
  EXPECT_TRUE(HasElements(Contents("bool_contents: false")));
  EXPECT_TRUE(HasElements(Contents("bytes_contents: ''")));
}

}  // namespace
}  // namespace transformerd
