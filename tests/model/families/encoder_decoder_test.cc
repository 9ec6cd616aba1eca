// What the config.json files of T5, mT5 and BART mean.
#include <cmath>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "model/families/families.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<ParsedModel> Parse(const std::string& json,
                                  absl::string_view class_name) {
  absl::StatusOr<ConfigReader> config =
      ConfigReader::Parse(json, "config.json");
  if (!config.ok()) return config.status();
  return ParseModel(*config, class_name);
}

// With `fields` ("\"a\": 1") besides the model's type.
absl::StatusOr<Architecture> T5(const std::string& fields,
                                absl::string_view class_name) {
  const std::string json =
      "{\"model_type\": \"t5\"" + (fields.empty() ? "" : ", " + fields) + "}";
  absl::StatusOr<ParsedModel> model = Parse(json, class_name);
  if (!model.ok()) return model.status();
  return model->architecture;
}

constexpr char kLm[] = "T5ForConditionalGeneration";

TEST(T5Test, TakesTheDefaultsOfItsClass) {
  ASSERT_OK_AND_ASSIGN(const Architecture t5, T5("", kLm));

  EXPECT_EQ(t5.vocab_size, 32128);
  EXPECT_EQ(t5.stack.num_hidden_layers, 6);
  EXPECT_EQ(t5.decoder->num_hidden_layers, 6);
  EXPECT_EQ(t5.stack.head_size, 64);
  EXPECT_EQ(t5.stack.block.mlp.activation, Activation::kRelu);
  EXPECT_EQ(t5.stack.block.mlp.kind, MlpKind::kPlain);
  EXPECT_EQ(t5.stack.block.norm.eps, 1e-6);
  EXPECT_EQ(t5.stack.block.attention.scale, 1);
  EXPECT_TRUE(t5.stack.block.attention.relative_bias.bidirectional);
  EXPECT_FALSE(t5.decoder->block.attention.relative_bias.bidirectional);
  EXPECT_TRUE(t5.decoder->block.attention.causal);
  EXPECT_DOUBLE_EQ(t5.head.output_scale, 1 / std::sqrt(512.0));
  EXPECT_FALSE(t5.decoder_start_token_id.has_value());
}

TEST(T5Test, AnEncoderAloneHasNoDecoder) {
  ASSERT_OK_AND_ASSIGN(const Architecture t5, T5("", "T5EncoderModel"));

  EXPECT_FALSE(t5.decoder.has_value());
  EXPECT_TRUE(t5.shared_embedding);
}

struct FeedForwardCase {
  const char* fields;
  MlpKind kind;
  Activation activation;
};

TEST(T5Test, TheFeedForwardNetworkIsNamedInOneStringOrTwoFields) {
  const FeedForwardCase cases[] = {
      {R"("feed_forward_proj": "gelu")", MlpKind::kPlain, Activation::kGelu},
      {R"("feed_forward_proj": "gated-gelu")", MlpKind::kGated,
       Activation::kGeluTanh},
      {R"("feed_forward_proj": "gated-silu")", MlpKind::kGated,
       Activation::kSilu},
      {R"("feed_forward_proj": "gated-gelu", "dense_act_fn": "gelu",
          "is_gated_act": false)",
       MlpKind::kPlain, Activation::kGelu},
  };
  for (const FeedForwardCase& c : cases) {
    ASSERT_OK_AND_ASSIGN(const Architecture t5, T5(c.fields, kLm));
    EXPECT_EQ(t5.decoder->block.mlp.kind, c.kind) << c.fields;
    EXPECT_EQ(t5.decoder->block.mlp.activation, c.activation) << c.fields;
  }
}

TEST(T5Test, AnUntiedConfigTiesStillButDoesNotScale) {
  ASSERT_OK_AND_ASSIGN(const Architecture untied,
                       T5(R"("tie_word_embeddings": false)", kLm));
  EXPECT_TRUE(untied.tie_word_embeddings);
  EXPECT_EQ(untied.head.output_scale, 1);

  ASSERT_OK_AND_ASSIGN(
      const Architecture saved_again,
      T5(R"("tie_word_embeddings": true, "scale_decoder_outputs": false)",
         kLm));
  EXPECT_EQ(saved_again.head.output_scale, 1);
}

TEST(T5Test, ClassesOfRowsReadTheInputAgainBehindTheStartToken) {
  ASSERT_OK_AND_ASSIGN(
      const Architecture t5,
      T5(R"("decoder_start_token_id": 0)", "T5ForSequenceClassification"));

  EXPECT_EQ(t5.decoder_start_token_id, 0);
  EXPECT_EQ(t5.eos_token_id, 1);
  EXPECT_EQ(t5.head.pooling, HeadPooling::kLastEosOfInput);
}

struct BadT5 {
  const char* fields;
  const char* message;
};

TEST(T5Test, RefusesWhatNoModelHas) {
  const BadT5 cases[] = {
      {R"("feed_forward_proj": "gated-gelu-x")",
       "feed_forward_proj=\"gated-gelu-x\", expected an activation"},
      {R"("feed_forward_proj": "plain-gelu")", "feed_forward_proj"},
      {R"("feed_forward_proj": "wobble")", "feed_forward_proj=\"wobble\""},
      {R"("relative_attention_num_buckets": 3)",
       "relative_attention_num_buckets=3"},
      {R"("relative_attention_max_distance": 8)",
       "relative_attention_max_distance=8, expected more than 8"},
      {R"("num_decoder_layers": -1)", "num_decoder_layers=-1"},
      {R"("d_kv": 0)", "d_kv=0"},
      {R"("d_kv": 1048576)", "d_kv=1048576 times num_heads=8, expected at"},
      {R"("scale_decoder_outputs": "yes")", "scale_decoder_outputs"},
      {R"("is_decoder": true)", "is_decoder=true"},
  };
  for (const BadT5& c : cases) {
    EXPECT_THAT(
        T5(c.fields, kLm).status(),
        StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(c.message)))
        << c.fields;
  }
}

TEST(Mt5Test, HasDefaultsOfItsOwnAndNeverScales) {
  ASSERT_OK_AND_ASSIGN(
      const ParsedModel model,
      Parse(R"({"model_type": "mt5"})", "MT5ForConditionalGeneration"));

  const Architecture& mt5 = model.architecture;
  EXPECT_EQ(mt5.vocab_size, 250112);
  EXPECT_EQ(mt5.stack.num_hidden_layers, 8);
  EXPECT_EQ(mt5.stack.num_attention_heads, 6);
  EXPECT_EQ(mt5.stack.intermediate_size, 1024);
  EXPECT_EQ(mt5.stack.block.mlp.kind, MlpKind::kGated);
  EXPECT_EQ(mt5.head.output_scale, 1);
}

TEST(BartTest, EachStackHasItsOwnDimensions) {
  ASSERT_OK_AND_ASSIGN(
      const ParsedModel model,
      Parse(R"({"model_type": "bart", "d_model": 64, "encoder_layers": 2,
                "encoder_attention_heads": 4, "encoder_ffn_dim": 48,
                "decoder_layers": 3, "decoder_attention_heads": 2,
                "decoder_ffn_dim": 40, "scale_embedding": true,
                "max_position_embeddings": 26})",
            "BartForConditionalGeneration"));

  const Architecture& bart = model.architecture;
  EXPECT_EQ(bart.stack.num_hidden_layers, 2);
  EXPECT_EQ(bart.stack.head_size, 16);
  EXPECT_EQ(bart.decoder->num_hidden_layers, 3);
  EXPECT_EQ(bart.decoder->head_size, 32);
  EXPECT_EQ(bart.decoder->intermediate_size, 40);
  EXPECT_EQ(bart.decoder->embedding.scale, 8);
  EXPECT_EQ(bart.max_sequence_length, 26);
  EXPECT_EQ(bart.stack.embedding.position_rows, 28);
  EXPECT_EQ(bart.stack.embedding.position_offset, 2);
  EXPECT_EQ(bart.decoder_start_token_id, 2);
  EXPECT_TRUE(bart.head.late_bias);
}

TEST(BartTest, CountsThreeLabelsUnlessItSaysOtherwise) {
  constexpr char kClass[] = "BartForSequenceClassification";
  ASSERT_OK_AND_ASSIGN(const ParsedModel silent,
                       Parse(R"({"model_type": "bart"})", kClass));
  EXPECT_EQ(silent.architecture.num_labels, 3);
  EXPECT_EQ(silent.architecture.eos_token_id, 2);

  ASSERT_OK_AND_ASSIGN(
      const ParsedModel five,
      Parse(R"({"model_type": "bart", "num_labels": 5})", kClass));
  EXPECT_EQ(five.architecture.num_labels, 5);
}

TEST(BartTest, RefusesOptionsOfItsRelativesByName) {
  for (const char* option :
       {R"("add_final_layer_norm": true)", R"("normalize_before": true)",
        R"("normalize_embedding": false)", R"("add_bias_logits": true)",
        R"("static_position_embeddings": true)"}) {
    const std::string json =
        std::string(R"({"model_type": "bart", )") + option + "}";
    const absl::Status status = Parse(json, "BartModel").status();
    EXPECT_THAT(status, HasReason(Reason::kUnsupported)) << option;
    const std::string key = std::string(option).substr(1, 9);
    EXPECT_THAT(std::string(status.message()), HasSubstr(key));
  }
}

}  // namespace
}  // namespace transformerd
