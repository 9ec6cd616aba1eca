#include "server/services/decoder_rows.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "tests/matchers/status_matchers.h"
#include "tests/server/services/decoder_signature.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kStart = 9;
constexpr int64_t kEos = 2;

// Rows 5 2 and 6 2 7.
InferenceInput TwoRows() {
  InferenceInput input;
  input.batch = 2;
  input.width = 3;
  input.lengths = {2, 3};
  input.input_ids = {5, kEos, 6, kEos, 7};
  return input;
}

TEST(DecoderRowsTest, TheDecoderReadsTheInputAgainWhereItSaysNothing) {
  Signature signature = DecoderSignature();
  signature.decoder_start_token_id = kStart;
  InferenceInput input = TwoRows();

  EXPECT_THAT(CompleteDecoder(signature, input), IsOk());

  EXPECT_THAT(input.decoder.input_ids, ElementsAre(9, 5, 9, 6, 2));
  EXPECT_THAT(input.decoder.lengths, ElementsAre(2, 3));
  EXPECT_EQ(input.total_tokens(), 10);
}

TEST(DecoderRowsTest, WhatTheRequestSaysStays) {
  Signature signature = DecoderSignature();
  signature.decoder_start_token_id = kStart;
  InferenceInput input = TwoRows();
  input.decoder = ShiftRight(input, /*start=*/3);

  EXPECT_THAT(CompleteDecoder(signature, input), IsOk());

  EXPECT_THAT(input.decoder.input_ids, ElementsAre(3, 5, 3, 6, 2));
}

TEST(DecoderRowsTest, VectorsCannotBeRepeated) {
  Signature signature = DecoderSignature();
  signature.decoder_start_token_id = kStart;
  InferenceInput input = TwoRows();
  input.input_ids.clear();
  input.inputs_embeds = {1, 2, 3, 4, 5};

  const absl::Status status = CompleteDecoder(signature, input);

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               HasSubstr("'decoder_input_ids': missing, "
                                         "expected beside inputs_embeds")));
  EXPECT_EQ(FieldOf(status), "decoder_input_ids");
}

TEST(DecoderRowsTest, AModelWithoutADecoderGetsNoRowsForIt) {
  InferenceInput input = TwoRows();

  EXPECT_THAT(CompleteDecoder(Signature(), input), IsOk());

  EXPECT_EQ(input.decoder.batch, 0);
}

TEST(DecoderRowsTest, RefusesARowWithoutTheTokenThatTheModelLooksAt) {
  Signature signature = DecoderSignature();
  signature.decoder_start_token_id = kStart;
  signature.eos_token_id = 6;
  InferenceInput input = TwoRows();

  const absl::Status status = CompleteDecoder(signature, input);

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               HasSubstr("row 0 has no token 6")));
  EXPECT_EQ(FieldOf(status), "input_ids");
}

TEST(DecoderRowsTest, RefusesADecoderRowThatEndsBeforeTheTokensPlace) {
  Signature signature = DecoderSignature();
  signature.eos_token_id = 7;
  InferenceInput input = TwoRows();
  input.input_ids[1] = 7;
  input.decoder.batch = 2;
  input.decoder.width = 2;
  input.decoder.lengths = {2, 2};
  input.decoder.input_ids = {1, 1, 1, 1};

  const absl::Status status = CompleteDecoder(signature, input);

  EXPECT_THAT(status,
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("row 1 has 2 tokens, expected at least 3: "
                                 "token 7 has this place in input_ids")));
  EXPECT_EQ(FieldOf(status), "decoder_input_ids");
}

}  // namespace
}  // namespace transformerd
