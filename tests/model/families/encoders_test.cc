// What the configs of encoder families may say, beyond what golden cases show.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "model/families/families.h"
#include "model/modules/rotary_frequencies.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::StatusOr<Architecture> Parse(const std::string& json,
                                   absl::string_view class_name = "") {
  absl::StatusOr<ConfigReader> config =
      ConfigReader::Parse(json, "config.json");
  if (!config.ok()) return config.status();
  absl::StatusOr<ParsedModel> parsed = ParseModel(*config, class_name);
  if (!parsed.ok()) return parsed.status();
  return parsed->architecture;
}

TEST(ElectraTest, ProjectsEmbeddingsOfAnotherWidthOnly) {
  ASSERT_OK_AND_ASSIGN(const Architecture narrow,
                       Parse(R"({"model_type": "electra"})"));
  ASSERT_OK_AND_ASSIGN(
      const Architecture wide,
      Parse(R"({"model_type": "electra", "embedding_size": 256})"));

  EXPECT_EQ(narrow.stack.embedding.size, 128);
  EXPECT_EQ(narrow.stack.embedding.projection, EmbeddingProjection::kSum);
  EXPECT_EQ(wide.stack.embedding.projection, EmbeddingProjection::kNone);
}

TEST(AlbertTest, CountsEachRunOfABlockAsALayer) {
  ASSERT_OK_AND_ASSIGN(const Architecture architecture,
                       Parse(R"({"model_type": "albert", "num_hidden_layers": 6,
                "num_hidden_groups": 3, "inner_group_num": 2})"));

  EXPECT_EQ(architecture.stack.num_hidden_layers, 12);
  EXPECT_EQ(architecture.stack.num_layer_groups, 3);
  EXPECT_EQ(architecture.stack.blocks_per_group, 2);
}

TEST(MpNetTest, CountsPositionsBehindIdOneWhateverTheConfigSays) {
  ASSERT_OK_AND_ASSIGN(const Architecture architecture,
                       Parse(R"({"model_type": "mpnet", "pad_token_id": 7})"));

  EXPECT_EQ(architecture.position_rule, PositionRule::kAfterPadding);
  EXPECT_EQ(architecture.pad_token_id, 1);
  EXPECT_EQ(architecture.max_sequence_length, 510);
}

TEST(NomicBertTest, TakesThePublishedConfigOfItsFirstRelease) {
  ASSERT_OK_AND_ASSIGN(const Architecture architecture, Parse(R"({
      "model_type": "nomic_bert", "architectures": ["NomicBertModel"],
      "n_embd": 96, "n_head": 4, "n_inner": 200, "n_layer": 3,
      "n_positions": 8192, "activation_function": "swiglu",
      "layer_norm_epsilon": 1e-6, "rotary_emb_base": 500, "causal": false,
      "rotary_emb_fraction": 1.0, "rotary_scaling_factor": null})"));

  const StackRecipe& stack = architecture.stack;
  EXPECT_EQ(architecture.hidden_size, 96);
  EXPECT_EQ(architecture.max_sequence_length, 8192);
  EXPECT_EQ(stack.head_size, 24);
  EXPECT_EQ(stack.num_hidden_layers, 3);
  EXPECT_EQ(stack.intermediate_size, 200);
  EXPECT_EQ(stack.block.norm.eps, 1e-6);
  EXPECT_EQ(stack.block.mlp.activation, Activation::kSilu);
  EXPECT_EQ(stack.variants.front().rotary->theta, 500);
}

TEST(ModernBertTest, HasOneGlobalLayerInThreeByDefault) {
  ASSERT_OK_AND_ASSIGN(
      const Architecture architecture,
      Parse(R"({"model_type": "modernbert", "num_hidden_layers": 4})"));

  const StackRecipe& stack = architecture.stack;
  EXPECT_THAT(stack.variant_of_layer, ElementsAre(0, 1, 1, 0));
  EXPECT_EQ(stack.variants[0].span.before, AttentionSpan::kUnlimited);
  EXPECT_EQ(stack.variants[0].rotary->theta, 160000);
  EXPECT_EQ(stack.variants[1].span.before, 64);
  EXPECT_EQ(stack.variants[1].span.after, 64);
  EXPECT_EQ(stack.variants[1].rotary->theta, 10000);
}

TEST(ModernBertTest, ReadsTheRotationOfEachKindOfLayer) {
  ASSERT_OK_AND_ASSIGN(const Architecture architecture, Parse(R"({
      "model_type": "modernbert", "num_hidden_layers": 2,
      "layer_types": ["sliding_attention", "full_attention"],
      "global_rope_theta": 5, "rope_parameters": {
        "sliding_attention": {"rope_type": "default", "rope_theta": 7}}})"));

  const StackRecipe& stack = architecture.stack;
  EXPECT_THAT(stack.variant_of_layer, ElementsAre(1, 0));
  EXPECT_EQ(stack.variants[0].rotary->theta, 5);
  EXPECT_EQ(stack.variants[1].rotary->theta, 7);
}

// The figures of the scaled rotations are those of transformers 5.24.
void ExpectTurns(const RotaryRecipe& rotary, int64_t length,
                 const std::vector<double>& expected) {
  const std::vector<double> turns = RotaryFrequencies(rotary, length);
  ASSERT_EQ(turns.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(turns[i], expected[i], 1e-6 * expected[i]) << i;
  }
}

TEST(NomicBertTest, ScalesRotationsOfRowsLongerThanTrained) {
  ASSERT_OK_AND_ASSIGN(const Architecture architecture, Parse(R"({
      "model_type": "nomic_bert", "hidden_size": 32, "num_attention_heads": 4,
      "max_position_embeddings": 16,
      "rope_parameters": {"rope_type": "dynamic", "factor": 4}})"));

  const RotaryRecipe& rotary = *architecture.stack.variants.front().rotary;
  EXPECT_EQ(architecture.max_sequence_length, 64);
  ExpectTurns(rotary, 16, {1, 0.177827939, 0.0316227786, 0.00562341325});
  ExpectTurns(rotary, 40, {1, 0.0929609761, 0.00864174217, 0.000803344708});
}

TEST(ModernBertTest, ScalesEachKindOfLayerByItsOwnRule) {
  ASSERT_OK_AND_ASSIGN(const Architecture architecture, Parse(R"({
      "model_type": "modernbert", "hidden_size": 64, "num_attention_heads": 4,
      "max_position_embeddings": 4096, "rope_parameters": {
        "full_attention": {"rope_type": "yarn", "factor": 4},
        "sliding_attention": {"rope_type": "linear", "factor": 2}}})"));

  const StackRecipe& stack = architecture.stack;
  EXPECT_EQ(architecture.max_sequence_length, 16384);
  EXPECT_NEAR(stack.variants[0].rotary->attention_factor, 1.13862944, 1e-6);
  ExpectTurns(*stack.variants[0].rotary, 16,
              {1, 0.223606795, 0.0500000007, 0.008385255, 0.00124999997,
               0.000139754251, 3.12500015e-05, 6.98771282e-06});
  ExpectTurns(*stack.variants[1].rotary, 16,
              {0.5, 0.158113882, 0.0500000007, 0.0158113893, 0.00499999989,
               0.00158113893, 0.000500000024, 0.000158113893});
}

TEST(ModernBertTest, ScalesBothKindsOfLayersWhereOlderFilesDo) {
  ASSERT_OK_AND_ASSIGN(const Architecture architecture, Parse(R"({
      "model_type": "modernbert", "max_position_embeddings": 64,
      "rope_scaling": {"rope_type": "linear", "factor": 2}})"));

  for (const LayerVariant& variant : architecture.stack.variants) {
    EXPECT_EQ(variant.rotary->scaling, RotaryScaling::kLinear);
    EXPECT_EQ(variant.rotary->factor, 2);
  }
  EXPECT_EQ(architecture.stack.variants[0].rotary->theta, 160000);
  EXPECT_EQ(architecture.stack.variants[1].rotary->theta, 10000);
  EXPECT_EQ(architecture.max_sequence_length, 128);
}

TEST(ClipTextTest, ReadsTheTextSideOfAWholeModel) {
  ASSERT_OK_AND_ASSIGN(const Architecture architecture,
                       Parse(R"({
      "model_type": "clip", "architectures": ["CLIPModel"],
      "projection_dim": 20, "hidden_size": 999,
      "text_config": {"hidden_size": 64, "eos_token_id": 2}})",
                             "CLIPTextModelWithProjection"));

  EXPECT_EQ(architecture.hidden_size, 64);
  EXPECT_EQ(architecture.head.projection_size, 20);
  EXPECT_EQ(architecture.end_of_text, std::nullopt);
}

TEST(ClipTextTest, EndsTextsWithTheTokenOfItsConfig) {
  ASSERT_OK_AND_ASSIGN(const Architecture architecture,
                       Parse(R"({"model_type": "clip_text_model"})"));

  EXPECT_EQ(architecture.end_of_text, 49407);
  EXPECT_EQ(architecture.stack.block.mlp.activation, Activation::kQuickGelu);
}

TEST(DebertaV2Test, HasDistancesOnlyWhereScoresDependOnThem) {
  const char* const configs[] = {
      R"({"model_type": "deberta-v2"})",
      R"({"model_type": "deberta-v2", "relative_attention": true})",
      R"({"model_type": "deberta-v2", "pos_att_type": ["c2p"]})",
  };
  for (const char* json : configs) {
    ASSERT_OK_AND_ASSIGN(const Architecture architecture, Parse(json));
    EXPECT_FALSE(architecture.stack.disentangled.has_value()) << json;
  }
}

TEST(DebertaV2Test, ReadsListsInBothForms) {
  for (const char* list : {R"("p2c|c2p")", R"(["c2p", "p2c"])"}) {
    ASSERT_OK_AND_ASSIGN(const Architecture architecture,
                         Parse(absl::StrCat(R"({"model_type": "deberta-v2",
            "relative_attention": true, "position_buckets": 256,
            "norm_rel_ebd": "layer_norm", "pos_att_type": )",
                                            list, "}")));

    const DisentangledRecipe& recipe = *architecture.stack.disentangled;
    EXPECT_TRUE(recipe.content_to_position);
    EXPECT_TRUE(recipe.position_to_content);
    EXPECT_TRUE(recipe.norm.has_value());
    EXPECT_EQ(recipe.span, 256);
    EXPECT_EQ(recipe.max_distance, 512);
  }
}

struct BadConfig {
  const char* json;
  const char* reason;
  const char* message;
};

TEST(EncodersTest, RefuseConfigsByKeyAndValue) {
  const BadConfig cases[] = {
      {R"({"model_type": "electra", "embedding_size": 0})", "CONFIG_INVALID",
       "embedding_size=0"},
      {R"({"model_type": "electra", "position_embedding_type": "relative_key"})",
       "UNSUPPORTED", "position_embedding_type=\"relative_key\""},
      {R"({"model_type": "albert", "num_hidden_groups": 0})", "CONFIG_INVALID",
       "num_hidden_groups=0"},
      {R"({"model_type": "albert", "inner_group_num": 5000})", "CONFIG_INVALID",
       "inner_group_num=5000"},
      {R"({"model_type": "mpnet", "relative_attention_num_buckets": 16})",
       "CONFIG_INVALID", "relative_attention_num_buckets=16"},
      {R"({"model_type": "mpnet", "max_position_embeddings": 2})",
       "CONFIG_INVALID", "max_position_embeddings=2"},
      {R"({"model_type": "nomic_bert", "head_dim": 7})", "CONFIG_INVALID",
       "heads of 7 numbers"},
      {R"({"model_type": "nomic_bert", "head_dim": 1048576})", "CONFIG_INVALID",
       "head_dim=1048576"},
      {R"({"model_type": "nomic_bert", "qkv_proj_bias": true})", "UNSUPPORTED",
       "qkv_proj_bias=true"},
      {R"({"model_type": "nomic_bert", "activation_function": "gelu"})",
       "UNSUPPORTED", "activation_function=\"gelu\""},
      {R"({"model_type": "nomic_bert", "rotary_scaling_factor": 2})",
       "UNSUPPORTED", "rotary_scaling_factor"},
      {R"({"model_type": "nomic_bert",
           "rope_parameters": {"rope_type": "warp"}})",
       "UNSUPPORTED", "rope_parameters: rope_type=\"warp\""},
      {R"({"model_type": "nomic_bert", "partial_rotary_factor": 0.5})",
       "UNSUPPORTED", "partial_rotary_factor=0.5"},
      {R"({"model_type": "modernbert", "num_hidden_layers": 1,
           "layer_types": ["chunked_attention"]})",
       "UNSUPPORTED", "layer_types holds \"chunked_attention\""},
      {R"({"model_type": "modernbert", "layer_types": ["full_attention"]})",
       "CONFIG_INVALID",
       "layer_types has 1 elements, expected num_hidden_layers=22"},
      {R"({"model_type": "modernbert", "rope_parameters": {"rope_theta": 9}})",
       "UNSUPPORTED", "rope_parameters of all layers"},
      {R"({"model_type": "modernbert", "rope_scaling": {"type": "linear"},
           "rope_parameters": {"full_attention": {"rope_type": "default"}}})",
       "UNSUPPORTED", "rope_scaling beside rope_parameters"},
      {R"({"model_type": "modernbert", "classifier_pooling": "max"})",
       "UNSUPPORTED", "classifier_pooling=\"max\""},
      {R"({"model_type": "clip", "text_config": 3})", "CONFIG_INVALID",
       "text_config=3"},
      {R"({"model_type": "clip", "text_config": {"hidden_size": "x"}})",
       "CONFIG_INVALID", "text_config: hidden_size=\"x\""},
      {R"({"model_type": "deberta-v2", "pos_att_type": ["p2p"]})",
       "UNSUPPORTED", "pos_att_type has \"p2p\""},
      {R"({"model_type": "deberta-v2", "pos_att_type": "c2p",
           "relative_attention": true, "position_buckets": 1})",
       "CONFIG_INVALID", "position_buckets=1"},
      {R"({"model_type": "deberta-v2", "conv_kernel_size": 4})",
       "CONFIG_INVALID", "conv_kernel_size=4"},
      {R"({"model_type": "deberta-v2", "conv_kernel_size": 3,
           "conv_groups": 7})",
       "CONFIG_INVALID", "conv_groups=7 does not divide"},
      {R"({"model_type": "deberta-v2", "attention_head_size": 32})",
       "UNSUPPORTED", "attention_head_size=32"},
      {R"({"model_type": "deberta-v2", "pooler_hidden_size": 32})",
       "UNSUPPORTED", "pooler_hidden_size=32"},
      {R"({"model_type": "deberta-v2", "legacy": false, "embedding_size": 64,
           "architectures": ["DebertaV2ForMaskedLM"]})",
       "UNSUPPORTED", "embedding_size=64"},
  };
  for (const BadConfig& c : cases) {
    const absl::Status status = Parse(c.json).status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition,
                                 HasSubstr(c.message)))
        << c.json;
    EXPECT_EQ(ReasonOf(status), c.reason) << c.json;
  }
}

TEST(QuantizationTest, IsRefusedByItsName) {
  EXPECT_THAT(Parse(R"({"model_type": "bert",
                "quantization_config": {"quant_method": "fp8"}})"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("config.json: quantization_config is set")));
  EXPECT_THAT(Parse(R"({"model_type": "bert", "quantization_config": null})"),
              IsOk());
}

}  // namespace
}  // namespace transformerd
