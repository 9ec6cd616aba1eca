#include "server/services/input_rows.h"

#include <functional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "tests/matchers/status_matchers.h"
#include "tests/server/services/infer_requests.h"

namespace transformerd {
namespace {

using inference::ModelInferRequest;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Ids = std::vector<int64_t>;

// 100 words, rows of up to 4 tokens.
absl::StatusOr<InferenceInput> Read(const ModelInferRequest& request) {
  Signature signature;
  signature.inputs = {{"input_ids", /*optional=*/false, 100},
                      {"attention_mask", true, 2},
                      {"token_type_ids", true, 2},
                      {"position_ids", true, 4}};
  signature.max_sequence_length = 4;
  return ReadInputRows(request, signature);
}

ModelInferRequest ThreeTokens() {
  ModelInferRequest request;
  AddTyped(request, "input_ids", {1, 3}, {7, 8, 9});
  return request;
}

TEST(InputRowsTest, TakesInt32BesideInt64) {
  ModelInferRequest request;
  AddRaw<int32_t>(request, "input_ids", {1, 2}, {98, 99});
  AddRaw<int64_t>(request, "attention_mask", {1, 2}, {1, 1});

  ASSERT_OK_AND_ASSIGN(const InferenceInput input, Read(request));

  EXPECT_THAT(input.input_ids, ElementsAre(98, 99));
}

TEST(InputRowsTest, AMaskOfOnesIsNoMask) {
  ModelInferRequest request = ThreeTokens();
  AddTyped(request, "attention_mask", {1, 3}, {1, 1, 1});

  ASSERT_OK_AND_ASSIGN(const InferenceInput input, Read(request));

  EXPECT_THAT(input.attention_mask, IsEmpty());
}

TEST(InputRowsTest, ALengthEndsAtTheLastOneWhateverIsMaskedBefore) {
  ModelInferRequest request;
  AddTyped(request, "input_ids", {3, 3}, Ids(9, 5));
  AddTyped(request, "attention_mask", {3, 3}, {0, 1, 0, 1, 0, 1, 1, 0, 0});

  ASSERT_OK_AND_ASSIGN(const InferenceInput input, Read(request));

  EXPECT_THAT(input.lengths, ElementsAre(2, 3, 1));
  EXPECT_EQ(input.input_ids.size(), 6u);
  EXPECT_THAT(input.attention_mask, ElementsAre(0, 1, 1, 0, 1, 1));
}

TEST(InputRowsTest, PaddingMayExceedTheMaximumLength) {
  ModelInferRequest request;
  AddTyped(request, "input_ids", {1, 6}, Ids(6, 5));
  AddTyped(request, "attention_mask", {1, 6}, {1, 1, 1, 1, 0, 0});

  ASSERT_OK_AND_ASSIGN(const InferenceInput input, Read(request));

  EXPECT_EQ(input.width, 6);
  EXPECT_THAT(input.lengths, ElementsAre(4));
}

// A request with one fault, and what the refusal says.
struct BadRows {
  const char* name;
  std::function<void(ModelInferRequest&)> spoil;  // an empty request
  const char* tensor;
  const char* message;
};

class BadRowsTest : public testing::TestWithParam<BadRows> {};

TEST_P(BadRowsTest, AreRefusedByName) {
  ModelInferRequest request;
  GetParam().spoil(request);

  const absl::Status status = Read(request).status();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               HasSubstr(GetParam().message)));
  EXPECT_EQ(FieldOf(status), GetParam().tensor);
}

const BadRows kBadShapes[] = {
    {"EmptyBatch",
     [](ModelInferRequest& r) {
       AddTyped(r, "input_ids", {0, 3}, {});
     },
     "input_ids", "shape [0,3], expected [batch,tokens], both at least 1"},
    {"NoTokens",
     [](ModelInferRequest& r) {
       AddTyped(r, "input_ids", {2, 0}, {});
     },
     "input_ids", "shape [2,0]"},
    {"NegativeExtent",
     [](ModelInferRequest& r) {
       AddTyped(r, "input_ids", {-1, 3}, {1});
     },
     "input_ids", "shape [-1,3]"},
    {"OneDimension",
     [](ModelInferRequest& r) {
       AddTyped(r, "input_ids", {3}, {1, 2, 3});
     },
     "input_ids", "1 dimensions, expected 2: [batch,tokens]"},
    {"NoShape", [](ModelInferRequest& r) { AddTyped(r, "input_ids", {}, {1}); },
     "input_ids", "0 dimensions"},
    {"ManyDimensions",
     [](ModelInferRequest& r) { AddTyped(r, "input_ids", Ids(1000, 1), {1}); },
     "input_ids", "1000 dimensions"},
    {"OtherShape",
     [](ModelInferRequest& r) {
       AddTyped(r, "input_ids", {1, 3}, {1, 2, 3});
       AddTyped(r, "attention_mask", {1, 2}, {1, 1});
     },
     "attention_mask",
     "shape [1,2], expected [1,3], the shape of input 'input_ids'"},
    {"OverflowingShape",
     [](ModelInferRequest& r) {
       AddTyped(r, "input_ids", {int64_t{1} << 62, int64_t{1} << 62}, {1});
     },
     "input_ids", "expected a number of elements that fits int64"},
    {"HugeShape",
     [](ModelInferRequest& r) {
       AddTyped(r, "input_ids", {1, int64_t{1} << 40}, {1});
     },
     "input_ids", "1 elements, expected 1099511627776 for its shape"},
    {"TooFewRawBytes",
     [](ModelInferRequest& r) {
       AddRaw<int64_t>(r, "input_ids", {1, 3}, {1, 2});
     },
     "input_ids", "raw contents of 16 bytes, expected 24"},
    {"TooManyElements",
     [](ModelInferRequest& r) {
       AddTyped(r, "input_ids", {1, 1}, {1, 2});
     },
     "input_ids", "2 elements, expected 1 for its shape"},
};

const BadRows kBadContents[] = {
    {"FloatIds",
     [](ModelInferRequest& r) {
       AddInput(r, "input_ids", "FP32", {1, 1})
           .mutable_contents()
           ->add_fp32_contents(1);
     },
     "input_ids",
     "input 'input_ids': datatype 'FP32', expected INT64 or INT32"},
    {"UnknownDatatype",
     [](ModelInferRequest& r) {
       AddInput(r, "input_ids", "INT65", {1, 1});
       r.add_raw_input_contents("12345678");
     },
     "input_ids", "datatype 'INT65', expected INT64 or INT32"},
    {"RawAndTyped",
     [](ModelInferRequest& r) {
       AddTyped(r, "input_ids", {1, 1}, {5});
       AddRaw<int64_t>(r, "attention_mask", {1, 1}, {1});
     },
     "input_ids", "typed contents beside raw_input_contents"},
    {"NoContents",
     [](ModelInferRequest& r) {
       AddInput(r, "input_ids", "INT64", {1, 1});
     },
     "input_ids", "0 elements, expected 1 for its shape"},
    {"IdAboveTheVocabulary",
     [](ModelInferRequest& r) {
       AddTyped(r, "input_ids", {2, 2}, {0, 99, 7, 100});
     },
     "input_ids", "input 'input_ids': value 100 at [1,1], expected 0 to 99"},
    {"NegativeId",
     [](ModelInferRequest& r) {
       AddTyped(r, "input_ids", {1, 2}, {-1, 5});
     },
     "input_ids", "value -1 at [0,0], expected 0 to 99"},
    {"BadIdUnderTheMask",
     [](ModelInferRequest& r) {
       AddTyped(r, "input_ids", {1, 2}, {5, -100});
       AddTyped(r, "attention_mask", {1, 2}, {1, 0});
     },
     "input_ids", "value -100 at [0,1]"},
    {"BadTokenType",
     [](ModelInferRequest& r) {
       AddTyped(r, "input_ids", {1, 1}, {5});
       AddTyped(r, "token_type_ids", {1, 1}, {2});
     },
     "token_type_ids", "value 2 at [0,0], expected 0 to 1"},
    {"BadPosition",
     [](ModelInferRequest& r) {
       AddTyped(r, "input_ids", {1, 1}, {5});
       AddTyped(r, "position_ids", {1, 1}, {4});
     },
     "position_ids", "value 4 at [0,0], expected 0 to 3"},
    {"MaskOfTwo",
     [](ModelInferRequest& r) {
       AddTyped(r, "input_ids", {1, 1}, {5});
       AddTyped(r, "attention_mask", {1, 1}, {2});
     },
     "attention_mask", "value 2 at [0,0], expected 0 to 1"},
    {"WholeRowMasked",
     [](ModelInferRequest& r) {
       AddTyped(r, "input_ids", {2, 2}, {5, 5, 5, 5});
       AddTyped(r, "attention_mask", {2, 2}, {1, 1, 0, 0});
     },
     "attention_mask", "input 'attention_mask': row 1 is masked whole"},
    {"TooLong",
     [](ModelInferRequest& r) {
       AddTyped(r, "input_ids", {1, 5}, Ids(5, 1));
     },
     "input_ids",
     "input 'input_ids': row 0 has 5 tokens; the model takes at most 4"},
    {"TooLongBehindAHole",
     [](ModelInferRequest& r) {
       AddTyped(r, "input_ids", {1, 5}, Ids(5, 1));
       AddTyped(r, "attention_mask", {1, 5}, {0, 0, 0, 0, 1});
     },
     "input_ids", "row 0 has 5 tokens"},
};

std::string NameOf(const testing::TestParamInfo<BadRows>& info) {
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(Shapes, BadRowsTest, testing::ValuesIn(kBadShapes),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(Contents, BadRowsTest, testing::ValuesIn(kBadContents),
                         NameOf);

}  // namespace
}  // namespace transformerd
