#include "server/services/tensor_inputs.h"

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
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

InputSpec Input(std::string name, TensorValues values,
                std::vector<Shape> shapes, bool optional) {
  InputSpec spec;
  spec.name = std::move(name);
  spec.optional = optional;
  spec.kind = InputKind::kTensor;
  spec.tensor.values = values;
  spec.tensor.shapes = std::move(shapes);
  return spec;
}

// Vectors of two numbers in two streams, rows of up to 3 tokens.
Signature TwoStreams() {
  Signature signature;
  signature.inputs = {
      Input("states1", TensorValues::kVectors, {{kBatch, kTokens, 2}}, false),
      Input("states2", TensorValues::kVectors, {{kBatch, kOtherTokens, 2}},
            false),
      Input("mask", TensorValues::kMask,
            {{kBatch, kTokens}, {kBatch, kOtherTokens, kTokens}}, true),
      Input("ids", TensorValues::kIds, {{kBatch, kTokens}}, true),
      Input("labels", TensorValues::kLabels, {{kBatch, kTokens}}, true)};
  signature.inputs[3].tensor.limit = 10;
  signature.inputs[4].tensor.limit = 10;
  signature.max_sequence_length = 3;
  signature.takes_tensors = true;
  return signature;
}

void AddFloats(ModelInferRequest& request, const std::string& name,
               const std::vector<int64_t>& shape) {
  int64_t size = 1;
  for (int64_t extent : shape) size *= extent;
  auto* values = AddInput(request, name, "FP32", shape)
                     .mutable_contents()
                     ->mutable_fp32_contents();
  for (int64_t i = 0; i < size; ++i) values->Add(static_cast<float>(i));
}

// Two rows of three tokens, and of one.
ModelInferRequest BothStreams() {
  ModelInferRequest request;
  AddFloats(request, "states2", {2, 1, 2});
  AddFloats(request, "states1", {2, 3, 2});
  return request;
}

absl::StatusOr<InferenceInput> Read(const ModelInferRequest& request) {
  return ReadTensors(request, TwoStreams());
}

// Refused, with the tensor as field and all of it in the message.
void ExpectRefused(const ModelInferRequest& request, const std::string& tensor,
                   const std::string& message) {
  const absl::Status status = Read(request).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               AllOf(HasSubstr(tensor), HasSubstr(message))));
  EXPECT_EQ(FieldOf(status), tensor);
}

TEST(TensorInputsTest, TensorsStandInTheSignaturesOrderWhateverTheRequests) {
  ASSERT_OK_AND_ASSIGN(const InferenceInput input, Read(BothStreams()));

  ASSERT_EQ(input.tensors.size(), 5u);
  EXPECT_EQ(input.tensors[0]->shape, (Shape{2, 3, 2}));
  EXPECT_EQ(input.tensors[1]->shape, (Shape{2, 1, 2}));
  EXPECT_FALSE(input.tensors[2].has_value());
  EXPECT_TRUE(input.is_whole());
}

TEST(TensorInputsTest, TheQueueCountsTokensOfBothStreams) {
  ASSERT_OK_AND_ASSIGN(const InferenceInput input, Read(BothStreams()));

  EXPECT_EQ(input.batch, 2);
  EXPECT_THAT(input.lengths, ElementsAre(4, 4));
}

TEST(TensorInputsTest, AMaskBecomesFloatsInEitherOfItsShapes) {
  for (const std::vector<int64_t>& shape :
       {std::vector<int64_t>{2, 3}, std::vector<int64_t>{2, 1, 3}}) {
    ModelInferRequest request = BothStreams();
    AddTyped(request, "mask", shape, {1, 0, 1, 1, 1, 0});
    ASSERT_OK_AND_ASSIGN(const InferenceInput input, Read(request));

    ASSERT_TRUE(input.tensors[2].has_value());
    EXPECT_THAT(input.tensors[2]->as<float>(), ElementsAre(1, 0, 1, 1, 1, 0));
  }
}

TEST(TensorInputsTest, ATensorThatIsNotOptionalMustBeThere) {
  ModelInferRequest request;
  AddFloats(request, "states1", {2, 3, 2});

  ExpectRefused(request, "states2", "is missing");
}

TEST(TensorInputsTest, OneSymbolIsOneNumberInAllTensors) {
  ModelInferRequest request;
  AddFloats(request, "states1", {2, 3, 2});
  AddFloats(request, "states2", {1, 1, 2});

  ExpectRefused(request, "states2",
                "shape [1,1,2], expected [batch,other_tokens,2] with batch=2, "
                "tokens=3");
}

TEST(TensorInputsTest, ShapesOfNoPatternAreRefusedWithAllOfThem) {
  ModelInferRequest request = BothStreams();
  AddTyped(request, "mask", {2, 2}, {1, 1, 1, 1});

  ExpectRefused(request, "mask",
                "expected [batch,tokens] or [batch,other_tokens,tokens]");
}

TEST(TensorInputsTest, EmptyTensorsAreRefused) {
  ModelInferRequest request;
  AddFloats(request, "states1", {0, 3, 2});
  AddFloats(request, "states2", {0, 1, 2});

  ExpectRefused(request, "states1", "at least 1");
}

TEST(TensorInputsTest, RowsOverTheModelsMaximumAreRefused) {
  ModelInferRequest request;
  AddFloats(request, "states1", {2, 4, 2});
  AddFloats(request, "states2", {2, 1, 2});

  ExpectRefused(request, "states1", "4 tokens; the model takes at most 3");
}

TEST(TensorInputsTest, OtherNumbersThanZeroAndOneAreNoMask) {
  ModelInferRequest request = BothStreams();
  AddTyped(request, "mask", {2, 3}, {1, 0, 1, 1, 2, 0});

  ExpectRefused(request, "mask", "value 2 at element 4, expected 0 or 1");
}

TEST(TensorInputsTest, IdsLieWithinTheTable) {
  ModelInferRequest request = BothStreams();
  AddTyped(request, "ids", {2, 3}, {1, 0, 1, 1, 10, 0});

  ExpectRefused(request, "ids", "value 10 at element 4, expected 0 to 9");
}

TEST(TensorInputsTest, LabelsMayAskToBeIgnored) {
  ModelInferRequest request = BothStreams();
  AddTyped(request, "labels", {2, 3}, {1, 0, -100, 1, 9, 0});
  EXPECT_THAT(Read(request), IsOk());

  AddTyped(request, "ids", {2, 3}, {1, 0, -100, 1, 9, 0});
  ExpectRefused(request, "ids", "value -100");
}

TEST(TensorInputsTest, VectorsAreFloatsAndIdsAreIntegers) {
  ModelInferRequest request;
  AddTyped(request, "states1", {1, 1, 2}, {1, 2});
  AddFloats(request, "states2", {1, 1, 2});
  ExpectRefused(request, "states1", "datatype 'INT64', expected FP32");

  request = BothStreams();
  AddFloats(request, "ids", {2, 3});
  ExpectRefused(request, "ids", "datatype 'FP32', expected INT64 or INT32");
}

}  // namespace
}  // namespace transformerd
