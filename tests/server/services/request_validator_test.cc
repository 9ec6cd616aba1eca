#include "server/services/request_validator.h"

#include <functional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "tests/matchers/status_matchers.h"
#include "tests/server/services/infer_requests.h"

namespace transformerd {
namespace {

using inference::ModelInferRequest;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Ids = std::vector<int64_t>;

// 100 words, or vectors of two numbers, in rows of up to 4 tokens.
Signature SmallBert() {
  Signature signature;
  signature.inputs = {{"input_ids", /*optional=*/false, 100},
                      {"attention_mask", true, 2},
                      {"token_type_ids", true, 2},
                      {"position_ids", true, 4}};
  InputSpec& vectors = signature.inputs.emplace_back();
  vectors.name = "inputs_embeds";
  vectors.kind = InputKind::kVectors;
  vectors.vector_size = 2;
  const auto add = [&](const char* name, OutputRows rows, Shape row_shape,
                       bool is_default) {
    OutputSpec output;
    output.name = name;
    output.rows = rows;
    output.row_shape = std::move(row_shape);
    output.is_default = is_default;
    signature.outputs.push_back(output);
  };
  add("last_hidden_state", OutputRows::kToken, {384}, true);
  add("sentence_embedding", OutputRows::kSequence, {384}, true);
  add("attentions.0", OutputRows::kTokenPair, {12}, false);
  signature.max_sequence_length = 4;
  return signature;
}

absl::StatusOr<ValidatedRequest> Validate(const ModelInferRequest& request) {
  return ValidateRequest(request, SmallBert());
}

// One row of three tokens.
ModelInferRequest SmallRequest() {
  ModelInferRequest request;
  AddTyped(request, "input_ids", {1, 3}, {7, 8, 9});
  return request;
}

TEST(RequestValidatorTest, IdsAloneAreEnough) {
  ASSERT_OK_AND_ASSIGN(const ValidatedRequest valid, Validate(SmallRequest()));

  EXPECT_EQ(valid.input.batch, 1);
  EXPECT_EQ(valid.input.width, 3);
  EXPECT_THAT(valid.input.input_ids, ElementsAre(7, 8, 9));
  EXPECT_THAT(valid.input.attention_mask, IsEmpty());
  EXPECT_THAT(valid.input.token_type_ids, IsEmpty());
  EXPECT_THAT(valid.input.position_ids, IsEmpty());
  EXPECT_THAT(valid.input.lengths, ElementsAre(3));
}

TEST(RequestValidatorTest, TakesInputsInAnyOrder) {
  ModelInferRequest request;
  AddRaw<int64_t>(request, "attention_mask", {2, 2}, {1, 0, 1, 1});
  AddRaw<int64_t>(request, "input_ids", {2, 2}, {1, 2, 3, 4});
  AddRaw<int64_t>(request, "position_ids", {2, 2}, {3, 2, 1, 0});
  AddRaw<int64_t>(request, "token_type_ids", {2, 2}, {0, 1, 0, 1});

  ASSERT_OK_AND_ASSIGN(const ValidatedRequest valid, Validate(request));

  EXPECT_THAT(valid.input.input_ids, ElementsAre(1, 3, 4));
  EXPECT_THAT(valid.input.attention_mask, IsEmpty());
  EXPECT_THAT(valid.input.token_type_ids, ElementsAre(0, 0, 1));
  EXPECT_THAT(valid.input.position_ids, ElementsAre(3, 1, 0));
  EXPECT_THAT(valid.input.lengths, ElementsAre(1, 2));
}

void AddVector(ModelInferRequest& request) {
  auto* values = AddInput(request, "inputs_embeds", "FP32", {1, 1, 2})
                     .mutable_contents()
                     ->mutable_fp32_contents();
  values->Add(1);
  values->Add(2);
}

TEST(RequestValidatorTest, VectorsTakeThePlaceOfIds) {
  ModelInferRequest request;
  AddVector(request);

  ASSERT_OK_AND_ASSIGN(const ValidatedRequest valid, Validate(request));

  EXPECT_THAT(valid.input.inputs_embeds, ElementsAre(1, 2));
  EXPECT_THAT(valid.input.outputs, ElementsAre(0, 1));
}

TEST(RequestValidatorTest, VectorsDoNotStandForOtherInputs) {
  Signature signature = SmallBert();
  signature.inputs[1].optional = false;
  ModelInferRequest request;
  AddVector(request);

  const absl::Status status = ValidateRequest(request, signature).status();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               HasSubstr("input 'attention_mask' is missing")));
}

TEST(RequestValidatorTest, SaysWhyAModelOfIdsTakesNoVectors) {
  Signature signature = SmallBert();
  signature.inputs.pop_back();
  ModelInferRequest request;
  AddVector(request);

  const absl::Status status = ValidateRequest(request, signature).status();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               HasSubstr("unknown input 'inputs_embeds' (its "
                                         "answer is that of a token")));
  EXPECT_EQ(FieldOf(status), "inputs_embeds");
}

TEST(RequestValidatorTest, GivesTheDefaultOutputsUnlessToldOtherwise) {
  ASSERT_OK_AND_ASSIGN(const ValidatedRequest valid, Validate(SmallRequest()));

  EXPECT_THAT(valid.input.outputs, ElementsAre(0, 1));
}

TEST(RequestValidatorTest, KeepsTheOrderOfRequestedOutputs) {
  ModelInferRequest request = SmallRequest();
  request.add_outputs()->set_name("attentions.0");
  request.add_outputs()->set_name("last_hidden_state");

  ASSERT_OK_AND_ASSIGN(const ValidatedRequest valid, Validate(request));

  EXPECT_THAT(valid.input.outputs, ElementsAre(2, 0));
}

TEST(RequestValidatorTest, AnswersInTheFormOfTheRequest) {
  ModelInferRequest raw;
  AddRaw<int64_t>(raw, "input_ids", {1, 1}, {5});

  ASSERT_OK_AND_ASSIGN(const ValidatedRequest from_raw, Validate(raw));
  ASSERT_OK_AND_ASSIGN(const ValidatedRequest from_typed,
                       Validate(SmallRequest()));

  EXPECT_TRUE(from_raw.raw_outputs);
  EXPECT_FALSE(from_typed.raw_outputs);
}

TEST(RequestValidatorTest, BinaryDataOutputDecidesTheForm) {
  ModelInferRequest request = SmallRequest();
  (*request.mutable_parameters())["binary_data_output"].set_bool_param(true);

  ASSERT_OK_AND_ASSIGN(const ValidatedRequest valid, Validate(request));

  EXPECT_TRUE(valid.raw_outputs);
}

TEST(RequestValidatorTest, PassesParametersOn) {
  ModelInferRequest request = SmallRequest();
  (*request.mutable_parameters())["priority"].set_uint64_param(1);
  (*request.mutable_parameters())["timeout"].set_int64_param(250);

  ASSERT_OK_AND_ASSIGN(const ValidatedRequest valid, Validate(request));

  EXPECT_EQ(valid.parameters.priority, 1u);
  EXPECT_EQ(valid.parameters.timeout, absl::Microseconds(250));
}

// A request with one fault, and what the refusal says.
struct BadRequest {
  const char* name;
  std::function<void(ModelInferRequest&)> spoil;  // an empty request
  const char* field;
  const char* message;
};

class BadRequestTest : public testing::TestWithParam<BadRequest> {};

TEST_P(BadRequestTest, IsRefusedByName) {
  ModelInferRequest request;
  GetParam().spoil(request);

  const absl::Status status = Validate(request).status();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               HasSubstr(GetParam().message)));
  EXPECT_EQ(FieldOf(status), GetParam().field);
}

const BadRequest kBadNames[] = {
    {"NoInputs", [](ModelInferRequest&) {}, "input_ids",
     "input 'input_ids' is missing; the model takes 'input_ids', "
     "'attention_mask'"},
    {"OnlyOptionalInputs",
     [](ModelInferRequest& r) {
       AddTyped(r, "attention_mask", {1, 1}, {1});
     },
     "input_ids", "input 'input_ids' is missing"},
    {"UnknownInput",
     [](ModelInferRequest& r) {
       AddTyped(r, "input_ids", {1, 1}, {5});
       AddTyped(r, "inputs", {1, 1}, {5});
     },
     "inputs", "unknown input 'inputs'; the model takes 'input_ids'"},
    {"InputTwice",
     [](ModelInferRequest& r) {
       AddTyped(r, "input_ids", {1, 1}, {5});
       AddTyped(r, "input_ids", {1, 1}, {5});
     },
     "input_ids", "input 'input_ids' is given twice"},
    {"VectorsBesideIds",
     [](ModelInferRequest& r) {
       AddVector(r);
       AddTyped(r, "input_ids", {1, 1}, {5});
     },
     "inputs_embeds",
     "input 'inputs_embeds' beside 'input_ids', expected one of the two"},
    {"UnknownOutput",
     [](ModelInferRequest& r) {
       AddTyped(r, "input_ids", {1, 1}, {5});
       r.add_outputs()->set_name("logits");
     },
     "logits",
     "unknown output 'logits'; the model gives 'last_hidden_state', "
     "'sentence_embedding', 'attentions.0'"},
    {"OutputTwice",
     [](ModelInferRequest& r) {
       AddTyped(r, "input_ids", {1, 1}, {5});
       r.add_outputs()->set_name("attentions.0");
       r.add_outputs()->set_name("attentions.0");
     },
     "attentions.0", "output 'attentions.0' is asked for twice"},
};

const BadRequest kBadForms[] = {
    {"RawAndTyped",
     [](ModelInferRequest& r) {
       AddTyped(r, "input_ids", {1, 1}, {5});
       AddRaw<int64_t>(r, "attention_mask", {1, 1}, {1});
     },
     "input_ids", "typed contents beside raw_input_contents"},
    {"TooFewRawEntries",
     [](ModelInferRequest& r) {
       AddRaw<int64_t>(r, "input_ids", {1, 1}, {5});
       AddInput(r, "attention_mask", "INT64", {1, 1});
     },
     "raw_input_contents", "raw_input_contents has 1 entries, expected 2"},
};

const BadRequest kBadParameters[] = {
    {"TextPriority",
     [](ModelInferRequest& r) {
       (*r.mutable_parameters())["priority"].set_string_param("high");
     },
     "priority", "request parameter 'priority': expected an integer"},
    {"SharedMemory",
     [](ModelInferRequest& r) {
       auto& input = AddInput(r, "input_ids", "INT64", {1, 1});
       (*input.mutable_parameters())["shared_memory_region"].set_string_param(
           "x");
     },
     "input_ids",
     "input 'input_ids': parameter 'shared_memory_region' asks for shared "
     "memory"},
};

std::string NameOf(const testing::TestParamInfo<BadRequest>& info) {
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(Names, BadRequestTest, testing::ValuesIn(kBadNames),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(Forms, BadRequestTest, testing::ValuesIn(kBadForms),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(Parameters, BadRequestTest,
                         testing::ValuesIn(kBadParameters), NameOf);

// A row of a million tokens costs 2^20 * 2^20 attention probabilities.
TEST(RequestValidatorTest, RefusesAnswersThatNoMessageHolds) {
  constexpr int64_t kWidth = 1 << 20;
  Ids mask(kWidth, 0);
  mask[0] = 1;
  Signature signature = SmallBert();
  signature.max_sequence_length = kWidth;
  ModelInferRequest request;
  AddTyped(request, "input_ids", {1, kWidth}, Ids(kWidth, 5));
  AddTyped(request, "attention_mask", {1, kWidth}, mask);
  request.add_outputs()->set_name("attentions.0");

  const absl::Status status = ValidateRequest(request, signature).status();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               AllOf(HasSubstr("output 'attentions.0' of shape "
                                               "[1,12,1048576,1048576]"),
                                     HasSubstr("bytes; send fewer rows"))));
  EXPECT_EQ(FieldOf(status), "attentions.0");
}

TEST(RequestValidatorTest, CountsTheAnswersOutputsTogether) {
  // 1.2 GB each: one fits into a message, two do not.
  constexpr int64_t kRows = 800'000;
  ModelInferRequest request;
  AddTyped(request, "input_ids", {kRows, 1}, Ids(kRows, 5));
  request.add_outputs()->set_name("last_hidden_state");
  ASSERT_THAT(Validate(request), IsOk());

  request.add_outputs()->set_name("sentence_embedding");

  EXPECT_THAT(Validate(request),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("output 'sentence_embedding'")));
}

// A module of ids, and of labels for one of its outputs.
Signature ModuleWithLoss() {
  Signature signature;
  signature.takes_tensors = true;
  signature.max_sequence_length = 4;
  for (const char* name : {"input_ids", "labels"}) {
    InputSpec& input = signature.inputs.emplace_back();
    input.name = name;
    input.optional = name == std::string("labels");
    input.kind = InputKind::kTensor;
    input.tensor.values = TensorValues::kIds;
    input.tensor.limit = 100;
    input.tensor.shapes = {{kBatch, kTokens}};
    OutputSpec& output = signature.outputs.emplace_back();
    output.name = input.optional ? "loss" : "states";
    output.rows = OutputRows::kTensor;
    output.row_shape = {kBatch, kTokens, 2};
    output.is_default = true;
    if (input.optional) output.needs = "labels";
  }
  return signature;
}

TEST(RequestValidatorTest, OutputsThatNeedAnInputAreThereWithIt) {
  ModelInferRequest request = SmallRequest();
  ASSERT_OK_AND_ASSIGN(ValidatedRequest valid,
                       ValidateRequest(request, ModuleWithLoss()));
  EXPECT_THAT(valid.input.outputs, ElementsAre(0));

  AddTyped(request, "labels", {1, 3}, {1, 2, 3});
  ASSERT_OK_AND_ASSIGN(valid, ValidateRequest(request, ModuleWithLoss()));
  EXPECT_THAT(valid.input.outputs, ElementsAre(0, 1));
}

TEST(RequestValidatorTest, AnOutputWithoutItsInputIsRefusedByBothNames) {
  ModelInferRequest request = SmallRequest();
  request.add_outputs()->set_name("loss");

  const absl::Status status =
      ValidateRequest(request, ModuleWithLoss()).status();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               HasSubstr("output 'loss' needs input "
                                         "'labels'")));
  EXPECT_EQ(FieldOf(status), "loss");
}

}  // namespace
}  // namespace transformerd
