#include "server/services/input_rows.h"

#include <cmath>
#include <functional>
#include <limits>
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
using ::testing::IsNan;

using Ids = std::vector<int64_t>;

// 100 words, or vectors of two numbers, in rows of up to 4 tokens.
absl::StatusOr<InferenceInput> Read(const ModelInferRequest& request,
                                    bool needs_whole_vector_rows = false) {
  Signature signature;
  signature.inputs = {{"input_ids", /*optional=*/false, 100},
                      {"attention_mask", true, 2},
                      {"token_type_ids", true, 2},
                      {"position_ids", true, 4}};
  InputSpec& vectors = signature.inputs.emplace_back();
  vectors.name = "inputs_embeds";
  vectors.kind = InputKind::kVectors;
  vectors.vector_size = 2;
  signature.max_sequence_length = 4;
  signature.needs_whole_vector_rows = needs_whole_vector_rows;
  return ReadInputRows(request, signature);
}

ModelInferRequest ThreeTokens() {
  ModelInferRequest request;
  AddTyped(request, "input_ids", {1, 3}, {7, 8, 9});
  return request;
}

void AddVectors(ModelInferRequest& request, const std::vector<int64_t>& shape,
                const std::vector<float>& values) {
  AddInput(request, "inputs_embeds", "FP32", shape)
      .mutable_contents()
      ->mutable_fp32_contents()
      ->Add(values.begin(), values.end());
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

// The answer is as wide as the request, however few of its tokens count.
TEST(InputRowsTest, PaddingIsPartOfTheMaximumLength) {
  ModelInferRequest request;
  AddTyped(request, "input_ids", {1, 5}, Ids(5, 5));
  AddTyped(request, "attention_mask", {1, 5}, {1, 0, 0, 0, 0});

  const absl::Status status = Read(request).status();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               "input 'input_ids': rows have 5 tokens, masked "
                               "ones too; the model takes at most 4"));
  EXPECT_EQ(FieldOf(status), "input_ids");
}

TEST(InputRowsTest, VectorsStandForIds) {
  ModelInferRequest request;
  AddTyped(request, "token_type_ids", {1, 2}, {0, 1});
  AddVectors(request, {1, 2, 2}, {1, 2, 3, 4});

  ASSERT_OK_AND_ASSIGN(const InferenceInput input, Read(request));

  EXPECT_EQ(input.batch, 1);
  EXPECT_EQ(input.width, 2);
  EXPECT_THAT(input.lengths, ElementsAre(2));
  EXPECT_THAT(input.inputs_embeds, ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(input.input_ids, IsEmpty());
  EXPECT_THAT(input.token_type_ids, ElementsAre(0, 1));
}

TEST(InputRowsTest, VectorsBehindTheLastVisibleTokenAreDropped) {
  ModelInferRequest request;
  AddVectors(request, {2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  AddTyped(request, "attention_mask", {2, 2}, {1, 0, 0, 1});

  ASSERT_OK_AND_ASSIGN(const InferenceInput input, Read(request));

  EXPECT_THAT(input.lengths, ElementsAre(1, 2));
  EXPECT_THAT(input.inputs_embeds, ElementsAre(1, 2, 5, 6, 7, 8));
  EXPECT_THAT(input.attention_mask, ElementsAre(1, 0, 1));
}

TEST(InputRowsTest, VectorsMayBeAnyNumbers) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  ModelInferRequest request;
  AddVectors(request, {1, 1, 2}, {kInfinity, std::nanf("")});

  ASSERT_OK_AND_ASSIGN(const InferenceInput input, Read(request));

  EXPECT_THAT(input.inputs_embeds, ElementsAre(kInfinity, IsNan()));
}

TEST(InputRowsTest, WholeRowsOfVectorsAreThoseWithoutMaskedTokensAtTheEnd) {
  ModelInferRequest request;
  AddVectors(request, {2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  AddTyped(request, "attention_mask", {2, 2}, {0, 1, 1, 1});
  EXPECT_THAT(Read(request, /*needs_whole_vector_rows=*/true), IsOk());

  request.clear_inputs();
  AddVectors(request, {2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  AddTyped(request, "attention_mask", {2, 2}, {0, 1, 1, 0});
  const absl::Status status =
      Read(request, /*needs_whole_vector_rows=*/true).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               HasSubstr("row 1 ends in masked tokens")));
  EXPECT_EQ(FieldOf(status), "inputs_embeds");
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
     "input_ids",
     "shape [0,3], expected [batch,tokens], batch and tokens at least 1"},
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
     "attention_mask", "shape [1,2], expected [1,3], as in input 'input_ids'"},
    {"VectorsOfAnotherSize",
     [](ModelInferRequest& r) {
       AddVectors(r, {1, 1, 3}, {1, 2, 3});
     },
     "inputs_embeds",
     "shape [1,1,3], expected [batch,tokens,2], batch and tokens at least 1"},
    {"VectorsOfTwoDimensions",
     [](ModelInferRequest& r) {
       AddVectors(r, {1, 2}, {1, 2});
     },
     "inputs_embeds", "2 dimensions, expected 3: [batch,tokens,2]"},
    {"NoVectors",
     [](ModelInferRequest& r) {
       AddVectors(r, {1, 0, 2}, {});
     },
     "inputs_embeds", "shape [1,0,2]"},
    {"OtherShapeThanTheVectors",
     [](ModelInferRequest& r) {
       AddVectors(r, {1, 1, 2}, {1, 2});
       AddTyped(r, "attention_mask", {1, 2}, {1, 1});
     },
     "attention_mask",
     "shape [1,2], expected [1,1], as in input 'inputs_embeds'"},
    {"MoreVectorsThanTheMask",
     [](ModelInferRequest& r) {
       AddTyped(r, "attention_mask", {1, 1}, {1});
       AddVectors(r, {1, 2, 2}, {1, 2, 3, 4});
     },
     "inputs_embeds",
     "shape [1,2,2], expected [1,1,2], as in input 'attention_mask'"},
    {"OverflowingShape",
     [](ModelInferRequest& r) {
       AddTyped(r, "input_ids", {int64_t{1} << 62, 4}, {1});
     },
     "input_ids", "expected a number of elements that fits int64"},
    {"HugeShape",
     [](ModelInferRequest& r) {
       AddTyped(r, "input_ids", {int64_t{1} << 40, 1}, {1});
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
    {"IntegerVectors",
     [](ModelInferRequest& r) {
       AddTyped(r, "inputs_embeds", {1, 1, 2}, {1, 2});
     },
     "inputs_embeds", "input 'inputs_embeds': datatype 'INT64', expected FP32"},
    {"FewerVectors",
     [](ModelInferRequest& r) {
       AddVectors(r, {1, 2, 2}, {1, 2});
     },
     "inputs_embeds", "2 elements, expected 4 for its shape"},
    {"TooManyVectors",
     [](ModelInferRequest& r) {
       AddVectors(r, {1, 5, 2}, std::vector<float>(10));
     },
     "inputs_embeds", "rows have 5 tokens, masked ones too; the model takes"},
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
     "input_ids", "input 'input_ids': rows have 5 tokens, masked ones too"},
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
