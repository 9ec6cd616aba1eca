// Requests with inputs for a decoder, from the wire to rows.
#include <functional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "server/services/request_validator.h"
#include "tests/matchers/status_matchers.h"
#include "tests/server/services/decoder_signature.h"
#include "tests/server/services/infer_requests.h"

namespace transformerd {
namespace {

using inference::ModelInferRequest;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The encoder's tokens give `encoder`, the decoder's `decoder`, and each of the
// decoder's sees all of the encoder's in `cross`.
Signature WithOutputs() {
  Signature signature = DecoderSignature();
  OutputSpec encoder;
  encoder.name = "encoder";
  encoder.rows = OutputRows::kToken;
  OutputSpec decoder = encoder;
  decoder.name = "decoder";
  decoder.of_decoder = true;
  OutputSpec cross = decoder;
  cross.name = "cross";
  cross.rows = OutputRows::kTokenPair;
  cross.row_shape = {2};
  signature.outputs = {encoder, decoder, cross};
  return signature;
}

TEST(DecoderInputsTest, EachSideHasAShapeAndPaddingOfItsOwn) {
  ModelInferRequest request;
  AddTyped(request, "decoder_input_ids", {2, 2}, {7, 8, 9, 0});
  AddTyped(request, "attention_mask", {2, 3}, {1, 1, 1, 0, 1, 0});
  AddTyped(request, "decoder_attention_mask", {2, 2}, {0, 1, 1, 0});
  AddTyped(request, "input_ids", {2, 3}, {1, 2, 3, 4, 5, 0});

  ASSERT_OK_AND_ASSIGN(const ValidatedRequest valid,
                       ValidateRequest(request, WithOutputs()));

  EXPECT_THAT(valid.input.lengths, ElementsAre(3, 2));
  EXPECT_THAT(valid.input.input_ids, ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(valid.input.attention_mask, ElementsAre(1, 1, 1, 0, 1));
  EXPECT_EQ(valid.input.decoder.width, 2);
  EXPECT_THAT(valid.input.decoder.lengths, ElementsAre(2, 1));
  EXPECT_THAT(valid.input.decoder.input_ids, ElementsAre(7, 8, 9));
  EXPECT_THAT(valid.input.decoder.attention_mask, ElementsAre(0, 1, 1));
  EXPECT_EQ(valid.input.total_tokens(), 8);
}

TEST(DecoderInputsTest, AnswersAreMeasuredByTheSideThatTheyBelongTo) {
  // Two numbers for each of the decoder's tokens and each of the encoder's are
  // 2 * 2^14 * 2^14 floats; 2^14 * 2^14 of one side fit.
  constexpr int64_t kWidth = 1 << 14;
  const std::vector<int64_t> ones(kWidth, 1);
  std::vector<int64_t> mask(kWidth, 0);
  mask.front() = 1;
  ModelInferRequest request;
  AddTyped(request, "input_ids", {1, kWidth}, ones);
  AddTyped(request, "attention_mask", {1, kWidth}, mask);
  AddTyped(request, "decoder_input_ids", {1, kWidth}, ones);
  AddTyped(request, "decoder_attention_mask", {1, kWidth}, mask);
  request.add_outputs()->set_name("cross");
  Signature signature = WithOutputs();
  signature.max_sequence_length = kWidth;

  const absl::Status status = ValidateRequest(request, signature).status();

  EXPECT_THAT(status,
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("'cross' of shape [1,2,16384,16384]")));
}

TEST(DecoderInputsTest, WithoutThemTheEncodersAreReadAgainIfTheModelDoesSo) {
  Signature signature = WithOutputs();
  signature.decoder_start_token_id = 2;
  signature.inputs[2].optional = true;
  ModelInferRequest request;
  AddTyped(request, "input_ids", {1, 2}, {5, 6});

  ASSERT_OK_AND_ASSIGN(const ValidatedRequest valid,
                       ValidateRequest(request, signature));

  EXPECT_THAT(valid.input.decoder.input_ids, ElementsAre(2, 5));
  EXPECT_THAT(valid.input.decoder.attention_mask, IsEmpty());
}

// A request with one fault, and what the refusal says.
struct BadDecoder {
  const char* name;
  std::function<void(ModelInferRequest&)> spoil;  // two rows of the encoder's
  const char* tensor;
  const char* message;
};

class BadDecoderTest : public testing::TestWithParam<BadDecoder> {};

TEST_P(BadDecoderTest, IsRefusedByName) {
  ModelInferRequest request;
  AddTyped(request, "input_ids", {2, 3}, {1, 2, 3, 4, 5, 6});
  GetParam().spoil(request);

  const absl::Status status = ValidateRequest(request, WithOutputs()).status();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               HasSubstr(GetParam().message)));
  EXPECT_EQ(FieldOf(status), GetParam().tensor);
}

const BadDecoder kBadDecoders[] = {
    {"Missing", [](ModelInferRequest&) {}, "decoder_input_ids",
     "input 'decoder_input_ids' is missing; the model takes 'input_ids'"},
    {"OtherRows",
     [](ModelInferRequest& r) {
       AddTyped(r, "decoder_input_ids", {1, 3}, {1, 2, 3});
     },
     "decoder_input_ids", "1 rows, expected 2, as in input 'input_ids'"},
    {"IdBeyondTheVocabulary",
     [](ModelInferRequest& r) {
       AddTyped(r, "decoder_input_ids", {2, 1}, {1, 100});
     },
     "decoder_input_ids", "value 100 at [1,0], expected 0 to 99"},
    {"MaskOfOtherShape",
     [](ModelInferRequest& r) {
       AddTyped(r, "decoder_input_ids", {2, 1}, {1, 2});
       AddTyped(r, "decoder_attention_mask", {2, 3}, {1, 1, 1, 1, 1, 1});
     },
     "decoder_attention_mask",
     "shape [2,3], expected [2,1], as in input 'decoder_input_ids'"},
    {"MaskedWhole",
     [](ModelInferRequest& r) {
       AddTyped(r, "decoder_input_ids", {2, 1}, {1, 2});
       AddTyped(r, "decoder_attention_mask", {2, 1}, {1, 0});
     },
     "decoder_attention_mask", "row 1 is masked whole"},
    {"TooLong",
     [](ModelInferRequest& r) {
       AddTyped(r, "decoder_input_ids", {2, 5}, std::vector<int64_t>(10, 1));
     },
     "decoder_input_ids", "rows have 5 tokens, masked ones too"},
};

INSTANTIATE_TEST_SUITE_P(All, BadDecoderTest, testing::ValuesIn(kBadDecoders),
                         [](const auto& info) {
                           return std::string(info.param.name);
                         });

TEST(DecoderInputsTest, AMaskNeedsTokensToMask) {
  Signature signature = WithOutputs();
  signature.decoder_start_token_id = 2;
  signature.inputs[2].optional = true;
  ModelInferRequest request;
  AddTyped(request, "input_ids", {1, 2}, {5, 6});
  AddTyped(request, "decoder_attention_mask", {1, 2}, {1, 1});

  const absl::Status status = ValidateRequest(request, signature).status();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               HasSubstr("without 'decoder_input_ids'")));
  EXPECT_EQ(FieldOf(status), "decoder_attention_mask");
}

}  // namespace
}  // namespace transformerd
