#include "server/services/pixel_rows.h"

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

// Images of one channel, 2 high and 3 wide, which make rows of 4 tokens.
absl::StatusOr<InferenceInput> Read(const ModelInferRequest& request) {
  Signature signature;
  InputSpec pixels;
  pixels.name = "pixel_values";
  pixels.optional = false;
  pixels.kind = InputKind::kPixels;
  pixels.image = {1, 2, 3};
  signature.inputs = {pixels};
  signature.max_sequence_length = 4;
  return ReadPixelRows(request, signature);
}

void AddPixels(ModelInferRequest& request, const std::vector<int64_t>& shape,
               int64_t size, const std::string& datatype = "FP32") {
  auto* values = AddInput(request, "pixel_values", datatype, shape)
                     .mutable_contents()
                     ->mutable_fp32_contents();
  for (int64_t i = 0; i < size; ++i) values->Add(0.5f * i);
}

TEST(PixelRowsTest, AnImageIsARowOfPatches) {
  ModelInferRequest request;
  AddPixels(request, {2, 1, 2, 3}, 12);

  ASSERT_OK_AND_ASSIGN(const InferenceInput input, Read(request));

  EXPECT_EQ(input.batch, 2);
  EXPECT_EQ(input.width, 4);
  EXPECT_THAT(input.lengths, ElementsAre(4, 4));
  EXPECT_EQ(input.total_tokens(), 8);
  EXPECT_THAT(input.pixel_values,
              ElementsAre(0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5));
}

// A request with one fault, and what the refusal says.
struct BadPixels {
  const char* name;
  std::function<void(ModelInferRequest&)> spoil;  // an empty request
  const char* message;
};

class BadPixelsTest : public testing::TestWithParam<BadPixels> {};

TEST_P(BadPixelsTest, AreRefused) {
  ModelInferRequest request;
  GetParam().spoil(request);

  const absl::Status status = Read(request).status();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               HasSubstr(GetParam().message)));
  EXPECT_EQ(FieldOf(status), "pixel_values");
}

const BadPixels kBadPixels[] = {
    {"OneDimensionLess",
     [](ModelInferRequest& r) {
       AddPixels(r, {1, 2, 3}, 6);
     },
     "shape [1,2,3], expected [batch,1,2,3]"},
    {"OtherSize",
     [](ModelInferRequest& r) {
       AddPixels(r, {1, 1, 3, 2}, 6);
     },
     "shape [1,1,3,2], expected [batch,1,2,3]: batch, channels, height, width"},
    {"OtherChannels",
     [](ModelInferRequest& r) {
       AddPixels(r, {1, 3, 2, 3}, 18);
     },
     "shape [1,3,2,3]"},
    {"NoImages",
     [](ModelInferRequest& r) {
       AddPixels(r, {0, 1, 2, 3}, 0);
     },
     "batch at least 1"},
    {"OtherDatatype",
     [](ModelInferRequest& r) {
       AddPixels(r, {1, 1, 2, 3}, 6, "FP64");
     },
     "datatype 'FP64', expected FP32"},
    {"FewerValues",
     [](ModelInferRequest& r) {
       AddPixels(r, {1, 1, 2, 3}, 5);
     },
     "pixel_values"},
};

INSTANTIATE_TEST_SUITE_P(All, BadPixelsTest, testing::ValuesIn(kBadPixels),
                         [](const auto& info) {
                           return std::string(info.param.name);
                         });

}  // namespace
}  // namespace transformerd
