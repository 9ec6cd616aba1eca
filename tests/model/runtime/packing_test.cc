#include "model/runtime/packing.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/runtime/make_signature.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

Architecture SmallArchitecture() {
  Architecture architecture;
  architecture.vocab_size = 100;
  architecture.hidden_size = 2;
  architecture.stack.num_hidden_layers = 1;
  architecture.stack.num_attention_heads = 2;
  architecture.stack.embedding.position_rows = 16;
  architecture.stack.embedding.token_types = 2;
  architecture.max_sequence_length = 16;
  return architecture;
}

// Two rows: 5 6 7 and 8, which has two tokens of padding.
InferenceInput RaggedInput() {
  InferenceInput input;
  input.batch = 2;
  input.width = 3;
  input.lengths = {3, 1};
  input.input_ids = {5, 6, 7, 8};
  return input;
}

InferenceInput OneRow(std::vector<int64_t> ids) {
  InferenceInput input;
  input.batch = 1;
  input.width = static_cast<int64_t>(ids.size());
  input.lengths = {input.width};
  input.input_ids = std::move(ids);
  return input;
}

TEST(PackTest, PutsRowsOfAllLengthsBehindEachOther) {
  const InferenceInput input = RaggedInput();

  const PackedBatch batch = Pack({&input}, SmallArchitecture());

  EXPECT_THAT(batch.input_ids, ElementsAre(5, 6, 7, 8));
  EXPECT_THAT(batch.position_ids, ElementsAre(0, 1, 2, 0));
  EXPECT_THAT(batch.token_type_ids, ElementsAre(0, 0, 0, 0));
  EXPECT_THAT(batch.sequence_offsets, ElementsAre(0, 3, 4));
  EXPECT_THAT(batch.sequence_has_mask, ElementsAre(false, false));
}

TEST(PackTest, KeepsMaskedTokensBeforeTheLastVisibleOne) {
  InferenceInput input = OneRow({9, 8, 7, 6});
  input.attention_mask = {0, 1, 0, 1};

  const PackedBatch batch = Pack({&input}, SmallArchitecture());

  EXPECT_THAT(batch.input_ids, ElementsAre(9, 8, 7, 6));
  EXPECT_THAT(batch.attention_mask, ElementsAre(0, 1, 0, 1));
  EXPECT_THAT(batch.sequence_has_mask, ElementsAre(true));
}

TEST(PackTest, TakesGivenPositionsAndTypes) {
  InferenceInput input = OneRow({9, 8});
  input.position_ids = {7, 3};
  input.token_type_ids = {1, 0};

  const PackedBatch batch = Pack({&input}, SmallArchitecture());

  EXPECT_THAT(batch.position_ids, ElementsAre(7, 3));
  EXPECT_THAT(batch.token_type_ids, ElementsAre(1, 0));
}

TEST(PackTest, CountsPositionsBehindPaddingForTheRobertaRule) {
  Architecture architecture = SmallArchitecture();
  architecture.position_rule = PositionRule::kAfterPadding;
  architecture.pad_token_id = 1;
  const InferenceInput input = OneRow({1, 5, 1, 6});

  const PackedBatch batch = Pack({&input}, architecture);

  EXPECT_THAT(batch.position_ids, ElementsAre(1, 2, 1, 3));
}

// Two tokens that came as the vectors 1 2 and 3 4.
InferenceInput VectorRow() {
  InferenceInput input;
  input.batch = 1;
  input.width = 2;
  input.lengths = {2};
  input.inputs_embeds = {1, 2, 3, 4};
  return input;
}

TEST(PackTest, VectorsStandForTokensWithoutAnIdInTheirOrder) {
  const InferenceInput ids = RaggedInput();
  const InferenceInput vectors = VectorRow();

  const PackedBatch batch =
      Pack({&vectors, &ids, &vectors}, SmallArchitecture());

  EXPECT_THAT(batch.input_ids,
              ElementsAre(kNoId, kNoId, 5, 6, 7, 8, kNoId, kNoId));
  EXPECT_THAT(batch.inputs_embeds, ElementsAre(1, 2, 3, 4, 1, 2, 3, 4));
  EXPECT_THAT(batch.position_ids, ElementsAre(0, 1, 0, 1, 2, 0, 0, 1));
  EXPECT_THAT(batch.sequence_offsets, ElementsAre(0, 2, 5, 6, 8));
}

TEST(PackTest, VectorsAreNoPaddingForTheRobertaRule) {
  Architecture architecture = SmallArchitecture();
  architecture.position_rule = PositionRule::kAfterPadding;
  architecture.pad_token_id = 1;
  InferenceInput vectors = VectorRow();
  vectors.attention_mask = {0, 1};

  const PackedBatch batch = Pack({&vectors}, architecture);

  EXPECT_THAT(batch.position_ids, ElementsAre(2, 3));
}

// The rows of RaggedInput, with 1 2 and 3 4 5 for the decoder.
InferenceInput WithDecoder() {
  InferenceInput input = RaggedInput();
  input.decoder.batch = 2;
  input.decoder.width = 4;
  input.decoder.lengths = {2, 3};
  input.decoder.input_ids = {1, 2, 3, 4, 5};
  return input;
}

TEST(PackTest, PutsTheDecodersRowsBesideTheOthers) {
  InferenceInput input = WithDecoder();
  input.decoder.attention_mask = {1, 1, 0, 1, 1};

  const PackedBatch batch = Pack({&input, &input}, SmallArchitecture());

  EXPECT_EQ(batch.num_tokens(), 8);
  EXPECT_THAT(batch.decoder.input_ids,
              ElementsAre(1, 2, 3, 4, 5, 1, 2, 3, 4, 5));
  EXPECT_THAT(batch.decoder.position_ids,
              ElementsAre(0, 1, 0, 1, 2, 0, 1, 0, 1, 2));
  EXPECT_THAT(batch.decoder.sequence_offsets, ElementsAre(0, 2, 5, 7, 10));
  EXPECT_THAT(batch.decoder.sequence_has_mask,
              ElementsAre(false, true, false, true));
}

TEST(PackTest, TakesPixelsInPlaceOfIds) {
  InferenceInput input;
  input.batch = 1;
  input.width = 2;
  input.lengths = {2};
  input.pixel_values = {1, 2, 3};

  const PackedBatch batch = Pack({&input, &input}, SmallArchitecture());

  EXPECT_THAT(batch.pixel_values, ElementsAre(1, 2, 3, 1, 2, 3));
  EXPECT_THAT(batch.sequence_offsets, ElementsAre(0, 2, 4));
}

TEST(PackTest, JoinsRequestsAndTheirOutputs) {
  InferenceInput first = OneRow({1, 2});
  first.outputs = {3, 0};
  InferenceInput second = OneRow({3});
  second.outputs = {0, 1};

  const PackedBatch batch = Pack({&first, &second}, SmallArchitecture());

  EXPECT_THAT(batch.outputs, ElementsAre(0, 1, 3));
  EXPECT_THAT(batch.sequence_offsets, ElementsAre(0, 2, 3));
}

HostTensor Floats(Shape shape, std::vector<float> values) {
  return MakeTensor(std::move(shape), values);
}

class UnpackTest : public ::testing::Test {
 protected:
  const Architecture architecture_ = SmallArchitecture();
  const Signature signature_ =
      MakeSignature(architecture_, {/*has_pooler=*/true});
};

TEST_F(UnpackTest, GivesEachRequestItsRowsInItsOrder) {
  InferenceInput first = RaggedInput();
  first.outputs = {1, 0};  // pooler_output, last_hidden_state
  InferenceInput second = OneRow({4});
  second.outputs = {0};
  const std::vector<const InferenceInput*> inputs = {&first, &second};
  const PackedBatch batch = Pack(inputs, architecture_);
  const PackedOutputs outputs = {
      Floats({5, 2}, {1.f, 2.f, 3.f, 4.f, 5.f, 6.f, 7.f, 8.f, 9.f, 10.f}),
      Floats({3, 2}, {21.f, 22.f, 23.f, 24.f, 25.f, 26.f})};

  const std::vector<InferenceOutput> answers =
      Unpack(outputs, batch, inputs, signature_);

  ASSERT_EQ(answers.size(), 2u);
  ASSERT_EQ(answers[0].size(), 2u);
  EXPECT_THAT(answers[0][0].as<float>(), ElementsAre(21, 22, 23, 24));
  EXPECT_EQ(answers[0][1].shape, Shape({2, 3, 2}));
  EXPECT_THAT(answers[0][1].as<float>(),
              ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0));
  EXPECT_THAT(answers[1][0].as<float>(), ElementsAre(9, 10));
}

TEST_F(UnpackTest, SpreadsAttentionsOverThePaddedSquare) {
  const int attention = *signature_.FindOutput("attentions.0");
  InferenceInput input = RaggedInput();
  input.lengths = {2, 1};
  input.input_ids = {5, 6, 8};
  input.outputs = {attention};
  const std::vector<const InferenceInput*> inputs = {&input};
  const PackedBatch batch = Pack(inputs, architecture_);
  // Two heads: a 2 x 2 square each for the first row, 1 x 1 for the second.
  const PackedOutputs outputs = {
      Floats({10}, {1.f, 2.f, 3.f, 4.f, 5.f, 6.f, 7.f, 8.f, 9.f, 10.f})};

  const std::vector<InferenceOutput> answers =
      Unpack(outputs, batch, inputs, signature_);

  EXPECT_EQ(answers[0][0].shape, Shape({2, 2, 3, 3}));
  const float expected[] = {1, 2, 0, 3,  4, 0, 0, 0, 0, 5, 6, 0,
                            7, 8, 0, 0,  0, 0, 9, 0, 0, 0, 0, 0,
                            0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0};
  EXPECT_THAT(answers[0][0].as<float>(), ElementsAreArray(expected));
}

class UnpackDecoderTest : public ::testing::Test {
 protected:
  static Architecture MakeArchitecture() {
    Architecture architecture = SmallArchitecture();
    architecture.decoder = architecture.stack;
    return architecture;
  }

  const Architecture architecture_ = MakeArchitecture();
  const Signature signature_ = MakeSignature(architecture_, {});
};

TEST_F(UnpackDecoderTest, TokensAreThoseOfTheSideThatGaveThem) {
  InferenceInput input = WithDecoder();
  input.outputs = {*signature_.FindOutput("last_hidden_state"),
                   *signature_.FindOutput("encoder_last_hidden_state")};
  const std::vector<const InferenceInput*> inputs = {&input};
  const PackedBatch batch = Pack(inputs, architecture_);
  const PackedOutputs outputs = {
      Floats({5, 2}, {1.f, 2.f, 3.f, 4.f, 5.f, 6.f, 7.f, 8.f, 9.f, 10.f}),
      Floats({4, 2}, {11.f, 12.f, 13.f, 14.f, 15.f, 16.f, 17.f, 18.f})};

  const InferenceOutput answer =
      Unpack(outputs, batch, inputs, signature_).front();

  EXPECT_EQ(answer[0].shape, Shape({2, 4, 2}));
  EXPECT_THAT(answer[0].as<float>(), ElementsAre(1, 2, 3, 4, 0, 0, 0, 0,  //
                                                 5, 6, 7, 8, 9, 10, 0, 0));
  EXPECT_EQ(answer[1].shape, Shape({2, 3, 2}));
  EXPECT_THAT(answer[1].as<float>(),
              ElementsAre(11, 12, 13, 14, 15, 16, 17, 18, 0, 0, 0, 0));
}

TEST_F(UnpackDecoderTest, CrossAttentionsHaveTheDecodersQueriesAndOtherKeys) {
  InferenceInput input = WithDecoder();
  input.outputs = {*signature_.FindOutput("cross_attentions.0")};
  const std::vector<const InferenceInput*> inputs = {&input};
  const PackedBatch batch = Pack(inputs, architecture_);
  // Two heads: 2 x 3 for the first row, 3 x 1 for the second.
  const PackedOutputs outputs = {
      Floats({18}, {1.f, 2.f, 3.f, 4.f, 5.f, 6.f, 7.f, 8.f, 9.f, 10.f, 11.f,
                    12.f, 13.f, 14.f, 15.f, 16.f, 17.f, 18.f})};

  const InferenceOutput answer =
      Unpack(outputs, batch, inputs, signature_).front();

  EXPECT_EQ(answer[0].shape, Shape({2, 2, 4, 3}));
  const float expected[] = {
      1,  2, 3, 4,  5,  6,  0,  0, 0, 0, 0, 0,  // row 0, head 0
      7,  8, 9, 10, 11, 12, 0,  0, 0, 0, 0, 0,  // head 1
      13, 0, 0, 14, 0,  0,  15, 0, 0, 0, 0, 0,  // row 1
      16, 0, 0, 17, 0,  0,  18, 0, 0, 0, 0, 0};
  EXPECT_THAT(answer[0].as<float>(), ElementsAreArray(expected));
}

}  // namespace
}  // namespace transformerd
