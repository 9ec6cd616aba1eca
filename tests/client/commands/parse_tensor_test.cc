#include "client/commands/parse_tensor.h"

#include <string>
#include <vector>

#include "client/commands/command.h"
#include "client/commands/tensor_element.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;

absl::StatusOr<Tensor> Parse(const std::string& datatype, Shape shape,
                             const std::vector<std::string>& texts) {
  return ParseTensor({"x", datatype, std::move(shape)}, texts);
}

TEST(ParseTensorTest, RowsAreSeparatedBySemicolons) {
  ASSERT_OK_AND_ASSIGN(
      const Tensor tensor,
      Parse("INT64", {-1, -1}, {"101, 7592,102;101,2088,102"}));

  EXPECT_EQ(ShapeOf(tensor), Shape({2, 3}));
  EXPECT_THAT(std::get<HostTensor>(tensor).as<int64_t>(),
              ElementsAre(101, 7592, 102, 101, 2088, 102));
}

TEST(ParseTensorTest, RepeatedInputsAddRows) {
  ASSERT_OK_AND_ASSIGN(const Tensor tensor,
                       Parse("FP32", {-1, -1}, {"0.5", "-1e3"}));

  EXPECT_EQ(ShapeOf(tensor), Shape({2, 1}));
  EXPECT_THAT(std::get<HostTensor>(tensor).as<float>(),
              ElementsAre(0.5f, -1000.0f));
}

TEST(ParseTensorTest, StringsAreTakenWhole) {
  ASSERT_OK_AND_ASSIGN(const Tensor tensor,
                       Parse("BYTES", {-1, 1}, {"a, b; c", ""}));

  EXPECT_EQ(ShapeOf(tensor), Shape({2, 1}));
  EXPECT_THAT(std::get<StringTensor>(tensor).values,
              ElementsAre("a, b; c", ""));
}

struct ShapeCase {
  Shape wanted;
  std::string text;
  Shape shape;
};

TEST(ParseTensorTest, ShapesFollowTheModelsDescription) {
  const ShapeCase cases[] = {
      {{-1}, "1,2,3", {3}},
      {{-1}, "1;2", {2}},
      {{-1, 2}, "1,2;3,4", {2, 2}},
      {{-1, -1, 2}, "1,2,3,4,5,6", {1, 3, 2}},
      {{-1, 2, -1}, "1,2,3,4;5,6,7,8", {2, 2, 2}},
  };
  for (const ShapeCase& c : cases) {
    ASSERT_OK_AND_ASSIGN(const Tensor tensor,
                         Parse("INT32", c.wanted, {c.text}));
    EXPECT_EQ(ShapeOf(tensor), c.shape) << c.text;
  }
}

struct BadText {
  std::string datatype;
  Shape shape;
  std::string text;
  std::string message;
};

TEST(ParseTensorTest, WrongValuesAreWrongUsage) {
  const BadText cases[] = {
      {"INT64",
       {-1, -1},
       "1,2;3",
       "input 'x': row 2 has 1 values and row 1 has 2; pad the shorter rows "
       "and give a mask"},
      {"INT64",
       {-1, -1},
       "1,2;3,a",
       "input 'x': row 2: 'a' is not of type INT64"},
      {"INT64", {-1, -1}, "", "input 'x': row 1: '' is not of type INT64"},
      {"INT64",
       {-1, -1},
       "1.5",
       "input 'x': row 1: '1.5' is not of type INT64"},
      {"INT8", {-1, -1}, "128", "input 'x': row 1: '128' is not of type INT8"},
      {"UINT8", {-1, -1}, "-1", "input 'x': row 1: '-1' is not of type UINT8"},
      {"UINT64",
       {-1, -1},
       "-1",
       "input 'x': row 1: '-1' is not of type UINT64"},
      {"BOOL", {-1, -1}, "2", "input 'x': row 1: '2' is not of type BOOL"},
      {"FP32", {-1, -1}, "x", "input 'x': row 1: 'x' is not of type FP32"},
      {"INT64",
       {-1, 3},
       "1,2",
       "input 'x': 1 rows of 2 values do not fit "
       "shape [-1,3]"},
      {"INT64",
       {-1, -1, 2},
       "1,2,3",
       "input 'x': 1 rows of 3 values do not "
       "fit shape [-1,-1,2]"},
      {"INT64",
       {-1, -1, 0},
       "1",
       "input 'x': 1 rows of 1 values do not fit "
       "shape [-1,-1,0]"},
      {"INT64",
       {-1, -1, -1},
       "1",
       "input 'x': a row does not tell the extents of [-1,-1,-1]"},
      {"INT64", {}, "1,2", "input 'x': 1 rows of 2 values do not fit shape []"},
      {"FP16",
       {-1, -1},
       "1",
       "input 'x': values of type FP16 cannot be given here"},
      {"FP8", {-1, -1}, "1", "input 'x': unknown datatype 'FP8'"},
  };
  for (const BadText& bad : cases) {
    const absl::Status status =
        Parse(bad.datatype, bad.shape, {bad.text}).status();
    EXPECT_EQ(status.message(), bad.message);
    EXPECT_TRUE(IsUsageError(status)) << bad.message;
  }
}

TEST(ParseTensorTest, TakesEveryDatatypeThatCanBeWritten) {
  for (const char* datatype :
       {"BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32",
        "INT64", "FP32", "FP64"}) {
    ASSERT_OK_AND_ASSIGN(const Tensor tensor,
                         Parse(datatype, {-1, 2}, {"1,0"}));
    EXPECT_EQ(DatatypeOf(tensor), datatype);
    EXPECT_NE(ToString(ElementAt(tensor, 0)), ToString(ElementAt(tensor, 1)));
  }
}

}  // namespace
}  // namespace transformerd
