#include "server/services/hidden_state_rows.h"

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

// Vectors of two numbers, rows of up to 3 tokens.
absl::StatusOr<InferenceInput> Read(const ModelInferRequest& request) {
  Signature signature;
  InputSpec vectors;
  vectors.name = "hidden_states";
  vectors.optional = false;
  vectors.kind = InputKind::kHidden;
  vectors.hidden_size = 2;
  signature.inputs = {vectors, {"attention_mask", /*optional=*/true, 2}};
  signature.max_sequence_length = 3;
  signature.computes_masked = true;
  return ReadHiddenStateRows(request, signature);
}

void AddVectors(ModelInferRequest& request, const std::vector<int64_t>& shape,
                const std::string& datatype = "FP32") {
  int64_t size = 1;
  for (int64_t extent : shape) size *= extent;
  auto* values = AddInput(request, "hidden_states", datatype, shape)
                     .mutable_contents()
                     ->mutable_fp32_contents();
  for (int64_t i = 0; i < size; ++i) values->Add(0.5f * i);
}

TEST(HiddenStateRowsTest, TakesVectorsWithoutAMask) {
  ModelInferRequest request;
  AddVectors(request, {1, 2, 2});

  ASSERT_OK_AND_ASSIGN(const InferenceInput input, Read(request));

  EXPECT_EQ(input.batch, 1);
  EXPECT_EQ(input.width, 2);
  EXPECT_THAT(input.hidden_states, ElementsAre(0, 0.5f, 1, 1.5f));
  EXPECT_THAT(input.lengths, ElementsAre(2));
  EXPECT_THAT(input.attention_mask, IsEmpty());
}

TEST(HiddenStateRowsTest, EveryPositionCountsAlsoInARowThatIsMaskedWhole) {
  ModelInferRequest request;
  AddTyped(request, "attention_mask", {2, 2}, {1, 0, 0, 0});
  AddVectors(request, {2, 2, 2});

  ASSERT_OK_AND_ASSIGN(const InferenceInput input, Read(request));

  EXPECT_THAT(input.lengths, ElementsAre(2, 2));
  EXPECT_THAT(input.attention_mask, ElementsAre(1, 0, 0, 0));
}

TEST(HiddenStateRowsTest, RefusesOtherShapesAndTypes) {
  const std::pair<std::vector<int64_t>, const char*> shapes[] = {
      {{1, 2, 3}, "shape [1,2,3], expected [batch,tokens,2]"},
      {{1, 2}, "shape [1,2], expected [batch,tokens,2]"},
      {{0, 2, 2}, "both at least 1"},
      {{1, 0, 2}, "both at least 1"},
      {{1, 4, 2}, "the model takes at most 3"},
  };
  for (const auto& [shape, message] : shapes) {
    ModelInferRequest request;
    AddVectors(request, shape);
    const absl::Status status = Read(request).status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                                 HasSubstr(message)));
    EXPECT_EQ(FieldOf(status), "hidden_states");
  }
  ModelInferRequest request;
  AddVectors(request, {1, 2, 2}, "FP64");
  EXPECT_THAT(Read(request), StatusIs(absl::StatusCode::kInvalidArgument,
                                      HasSubstr("'FP64', expected FP32")));
}

TEST(HiddenStateRowsTest, RefusesAMaskOfAnotherShapeOrValue) {
  const std::pair<std::vector<int64_t>, const char*> masks[] = {
      {{1, 3}, "shape [1,3], expected [1,2]"},
      {{2}, "shape [2], expected [1,2]"},
      {{1, 2}, "value 2 at [0,1], expected 0 to 1"},
  };
  for (const auto& [shape, message] : masks) {
    ModelInferRequest request;
    AddVectors(request, {1, 2, 2});
    AddTyped(request, "attention_mask", shape, {1, 2});
    const absl::Status status = Read(request).status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                                 HasSubstr(message)));
    EXPECT_EQ(FieldOf(status), "attention_mask");
  }
}

}  // namespace
}  // namespace transformerd
