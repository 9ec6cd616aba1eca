#include "model/runtime/make_signature.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/fake_tokenizer.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;

Architecture TwoLayers(HeadKind head) {
  Architecture architecture;
  architecture.vocab_size = 60;
  architecture.hidden_size = 8;
  architecture.stack.num_hidden_layers = 2;
  architecture.stack.num_attention_heads = 4;
  architecture.stack.embedding.position_rows = 24;
  architecture.stack.embedding.token_types = 2;
  architecture.max_sequence_length = 24;
  architecture.head.kind = head;
  architecture.num_labels = 3;
  return architecture;
}

std::vector<std::string> DefaultOutputs(const Signature& signature) {
  std::vector<std::string> names;
  for (const OutputSpec& output : signature.outputs) {
    if (output.is_default) names.push_back(output.name);
  }
  return names;
}

TEST(MakeSignatureTest, BoundsInputsByTheModelsTables) {
  const Signature signature =
      MakeSignature(TwoLayers(HeadKind::kNone), {true, PoolingKind::kMean});

  ASSERT_EQ(signature.inputs.size(), 5u);
  EXPECT_EQ(signature.inputs[0].name, "input_ids");
  EXPECT_FALSE(signature.inputs[0].optional);
  EXPECT_EQ(signature.FindInput("input_ids")->limit, 60);
  EXPECT_EQ(signature.FindInput("attention_mask")->limit, 2);
  EXPECT_EQ(signature.FindInput("token_type_ids")->limit, 2);
  EXPECT_EQ(signature.FindInput("position_ids")->limit, 24);
  EXPECT_EQ(signature.FindInput("pixel_values"), nullptr);
}

TEST(MakeSignatureTest, VectorsMayComeInThePlaceOfIds) {
  Architecture architecture = TwoLayers(HeadKind::kNone);

  Signature signature = MakeSignature(architecture, {});
  const InputSpec* vectors = signature.FindInput("inputs_embeds");
  ASSERT_NE(vectors, nullptr);
  EXPECT_EQ(vectors->kind, InputKind::kVectors);
  EXPECT_TRUE(vectors->optional);
  EXPECT_EQ(vectors->dtype(), DType::kF32);
  EXPECT_EQ(vectors->FullShape(), Shape({-1, -1, 8}));
  EXPECT_FALSE(signature.needs_whole_vector_rows);

  // As wide as the token table, where that is of a width of its own.
  architecture.stack.embedding.size = 4;
  signature = MakeSignature(architecture, {});
  EXPECT_EQ(signature.FindInput("inputs_embeds")->FullShape(),
            Shape({-1, -1, 4}));
}

TEST(MakeSignatureTest, RowsOfVectorsAreWholeWhereIdsTellPadding) {
  Architecture architecture = TwoLayers(HeadKind::kSequenceClassification);
  architecture.head.pooling = HeadPooling::kLast;

  EXPECT_TRUE(MakeSignature(architecture, {}).needs_whole_vector_rows);
}

TEST(MakeSignatureTest, ModelsThatLookForAnIdTakeNoVectors) {
  Architecture projection = TwoLayers(HeadKind::kTextProjection);
  projection.head.pooling = HeadPooling::kFirstEndOfText;
  Architecture pooler = TwoLayers(HeadKind::kNone);
  pooler.pooler_pooling = HeadPooling::kFirstEndOfText;
  Architecture decoder = TwoLayers(HeadKind::kSequenceClassification);
  decoder.decoder = decoder.stack;
  decoder.head.pooling = HeadPooling::kLastEosOfInput;

  for (const Architecture& architecture : {projection, pooler, decoder}) {
    EXPECT_EQ(MakeSignature(architecture, {}).FindInput("inputs_embeds"),
              nullptr);
  }
}

TEST(MakeSignatureTest, ATokenizerMakesTextAnAlternativeToTokens) {
  const FakeTokenizer tokenizer;
  ModelSurroundings surroundings;
  surroundings.tokenizer = &tokenizer;

  const Signature signature =
      MakeSignature(TwoLayers(HeadKind::kNone), surroundings);

  EXPECT_TRUE(signature.inputs[0].optional);
  ASSERT_NE(signature.FindInput("text"), nullptr);
  EXPECT_EQ(signature.FindInput("text")->kind, InputKind::kText);
  EXPECT_TRUE(signature.FindInput("text")->optional);
  EXPECT_NE(signature.FindInput("text_pair"), nullptr);
  EXPECT_EQ(signature.max_text_tokens, 24);
}

TEST(MakeSignatureTest, TextsMayBeLimitedBelowTheModelsLength) {
  const FakeTokenizer tokenizer;
  ModelSurroundings surroundings;
  surroundings.tokenizer = &tokenizer;
  const Architecture architecture = TwoLayers(HeadKind::kNone);

  surroundings.max_text_tokens = 10;
  EXPECT_EQ(MakeSignature(architecture, surroundings).max_text_tokens, 10);
  surroundings.max_text_tokens = 1000;
  EXPECT_EQ(MakeSignature(architecture, surroundings).max_text_tokens, 24);
}

TEST(MakeSignatureTest, BaseModelsGiveStatesPoolerAndSentences) {
  const Architecture architecture = TwoLayers(HeadKind::kNone);
  EXPECT_THAT(
      DefaultOutputs(MakeSignature(architecture, {true, PoolingKind::kCls})),
      ElementsAre("last_hidden_state", "pooler_output", "sentence_embedding"));
  EXPECT_THAT(
      DefaultOutputs(MakeSignature(architecture, {false, PoolingKind::kNone})),
      ElementsAre("last_hidden_state"));
}

struct HeadCase {
  HeadKind head;
  std::vector<std::string> outputs;
};

TEST(MakeSignatureTest, HeadsGiveTheirOwnOutputs) {
  const HeadCase cases[] = {
      {HeadKind::kSequenceClassification, {"logits"}},
      {HeadKind::kTokenClassification, {"logits"}},
      {HeadKind::kQuestionAnswering, {"start_logits", "end_logits"}},
      {HeadKind::kMaskedLm, {"logits"}},
      {HeadKind::kPreTraining,
       {"prediction_logits", "seq_relationship_logits"}},
  };
  for (const HeadCase& c : cases) {
    EXPECT_EQ(DefaultOutputs(
                  MakeSignature(TwoLayers(c.head), {true, PoolingKind::kMean})),
              c.outputs);
  }
}

TEST(MakeSignatureTest, LogitsOfPairsHaveTheNameOfTheirFamily) {
  Architecture architecture = TwoLayers(HeadKind::kPreTraining);
  architecture.head.pair_logits = "sop_logits";
  architecture.head.pair_labels = 3;

  const Signature signature =
      MakeSignature(architecture, {true, PoolingKind::kMean});

  ASSERT_TRUE(signature.FindOutput("sop_logits").has_value());
  EXPECT_EQ(signature.outputs[*signature.FindOutput("sop_logits")].FullShape(),
            Shape({-1, 3}));
}

TEST(MakeSignatureTest, AProjectionGivesEmbeddingsAndTheirTokens) {
  Architecture architecture = TwoLayers(HeadKind::kTextProjection);
  architecture.head.projection_size = 5;

  const Signature signature =
      MakeSignature(architecture, {false, PoolingKind::kMean});

  EXPECT_THAT(DefaultOutputs(signature),
              ElementsAre("text_embeds", "last_hidden_state"));
  EXPECT_EQ(signature.outputs.front().FullShape(), Shape({-1, 5}));
}

TEST(MakeSignatureTest, LayersAreThereButNotByDefault) {
  const Signature signature = MakeSignature(TwoLayers(HeadKind::kMaskedLm),
                                            {false, PoolingKind::kNone});

  ASSERT_TRUE(signature.FindOutput("hidden_states.2").has_value());
  EXPECT_FALSE(signature.FindOutput("hidden_states.3").has_value());
  const OutputSpec& attention =
      signature.outputs[*signature.FindOutput("attentions.1")];
  EXPECT_FALSE(attention.is_default);
  EXPECT_EQ(attention.layer, 1);
  EXPECT_EQ(attention.FullShape(), Shape({-1, 4, -1, -1}));
}

class DecoderSignatureTest : public testing::Test {
 protected:
  // The decoder has one layer of two heads.
  static Architecture MakeArchitecture(HeadKind head) {
    Architecture architecture = TwoLayers(head);
    architecture.decoder = architecture.stack;
    architecture.decoder->num_hidden_layers = 1;
    architecture.decoder->num_attention_heads = 2;
    return architecture;
  }
};

TEST_F(DecoderSignatureTest, TheDecodersTokensAreInputsBesideTheEncoders) {
  Architecture architecture = MakeArchitecture(HeadKind::kCausalLm);

  Signature signature = MakeSignature(architecture, {});

  ASSERT_NE(signature.FindInput("decoder_input_ids"), nullptr);
  EXPECT_FALSE(signature.FindInput("decoder_input_ids")->optional);
  EXPECT_TRUE(signature.FindInput("decoder_input_ids")->of_decoder);
  EXPECT_EQ(signature.FindInput("decoder_input_ids")->limit, 60);
  EXPECT_TRUE(signature.FindInput("decoder_attention_mask")->optional);
  EXPECT_EQ(signature.FindInput("position_ids"), nullptr);
  EXPECT_TRUE(signature.has_decoder());

  architecture.decoder_start_token_id = 3;
  signature = MakeSignature(architecture, {});
  EXPECT_TRUE(signature.FindInput("decoder_input_ids")->optional);
  EXPECT_EQ(signature.decoder_start_token_id, 3);
}

TEST_F(DecoderSignatureTest, TextIsTakenWhereTheDecoderNeedsNoTokensOfItsOwn) {
  const FakeTokenizer tokenizer;
  ModelSurroundings surroundings;
  surroundings.tokenizer = &tokenizer;
  Architecture architecture = MakeArchitecture(HeadKind::kCausalLm);

  Signature signature = MakeSignature(architecture, surroundings);
  EXPECT_EQ(signature.FindInput("text"), nullptr);
  EXPECT_FALSE(signature.inputs[0].optional);

  architecture.decoder_start_token_id = 3;
  signature = MakeSignature(architecture, surroundings);
  EXPECT_NE(signature.FindInput("text"), nullptr);
}

TEST_F(DecoderSignatureTest, OutputsSayWhoseTokensTheyAreOf) {
  const Signature signature =
      MakeSignature(MakeArchitecture(HeadKind::kCausalLm), {});

  EXPECT_THAT(DefaultOutputs(signature),
              ElementsAre("logits", "encoder_last_hidden_state"));
  const auto output = [&](const char* name) {
    return signature.outputs[signature.FindOutput(name).value()];
  };
  EXPECT_TRUE(output("logits").of_decoder);
  EXPECT_FALSE(output("encoder_last_hidden_state").of_decoder);
  EXPECT_FALSE(output("encoder_hidden_states.2").of_decoder);
  EXPECT_TRUE(output("decoder_hidden_states.1").of_decoder);
  EXPECT_EQ(output("encoder_attentions.1").row_shape, Shape({4}));
  EXPECT_TRUE(output("decoder_attentions.0").keys_of_decoder);
  EXPECT_TRUE(output("cross_attentions.0").of_decoder);
  EXPECT_FALSE(output("cross_attentions.0").keys_of_decoder);
  EXPECT_EQ(output("cross_attentions.0").row_shape, Shape({2}));
  for (const char* absent : {"decoder_hidden_states.2", "cross_attentions.1",
                             "hidden_states.0", "attentions.0"}) {
    EXPECT_FALSE(signature.FindOutput(absent).has_value()) << absent;
  }
}

TEST(MakeSignatureTest, ImagesAreTheOnlyInputOfTheirModels) {
  Architecture architecture = TwoLayers(HeadKind::kNone);
  architecture.input = ModelInput::kPixels;
  PatchRecipe& patches = architecture.stack.embedding.patches.emplace();
  patches.channels = 3;
  patches.image_height = 6;
  patches.image_width = 8;
  patches.patch_height = patches.patch_width = 2;
  architecture.max_sequence_length = patches.num_patches() + 1;
  const FakeTokenizer tokenizer;
  ModelSurroundings surroundings = {/*has_pooler=*/true, PoolingKind::kMean};
  surroundings.tokenizer = &tokenizer;

  const Signature signature = MakeSignature(architecture, surroundings);

  ASSERT_EQ(signature.inputs.size(), 1u);
  EXPECT_EQ(signature.inputs[0].name, "pixel_values");
  EXPECT_FALSE(signature.inputs[0].optional);
  EXPECT_EQ(signature.inputs[0].dtype(), DType::kF32);
  EXPECT_EQ(signature.inputs[0].FullShape(), Shape({-1, 3, 6, 8}));
  EXPECT_EQ(signature.max_sequence_length, 13);
  EXPECT_THAT(DefaultOutputs(signature),
              ElementsAre("last_hidden_state", "pooler_output"));
}

}  // namespace
}  // namespace transformerd
