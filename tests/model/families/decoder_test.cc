// What decoder families make of their config.json.
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "model/families/families.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// `fields` stand behind the model_type.
absl::StatusOr<Architecture> Parse(const std::string& model_type,
                                   const std::string& fields = "",
                                   absl::string_view class_name = "") {
  absl::StatusOr<ConfigReader> config =
      ConfigReader::Parse(absl::StrCat("{\"model_type\": \"", model_type, "\"",
                                       fields.empty() ? "" : ", ", fields, "}"),
                          "config.json");
  if (!config.ok()) return config.status();
  absl::StatusOr<ParsedModel> parsed = ParseModel(*config, class_name);
  if (!parsed.ok()) return parsed.status();
  return parsed->architecture;
}

struct Defaults {
  const char* model_type;
  int64_t vocab_size, hidden_size, layers, heads, key_heads, head_size,
      intermediate_size, max_sequence_length;
  std::optional<int64_t> pad_token_id;
  double eps;
  bool is_tied;
};

TEST(DecoderTest, TakesTheDefaultsOfItsClass) {
  const Defaults all[] = {
      {"llama", 32000, 4096, 32, 32, 32, 128, 11008, 2048, {}, 1e-6, false},
      {"mistral", 32000, 4096, 32, 32, 8, 128, 14336, 131072, {}, 1e-6, false},
      {"mixtral", 32000, 4096, 32, 32, 8, 128, 14336, 131072, {}, 1e-5, false},
      {"qwen2", 151936, 4096, 32, 32, 32, 128, 22016, 32768, {}, 1e-6, false},
      {"qwen3", 151936, 4096, 32, 32, 32, 128, 22016, 32768, {}, 1e-6, false},
      {"gemma", 256000, 3072, 28, 16, 16, 256, 24576, 8192, 0, 1e-6, true},
      {"gemma2", 256000, 2304, 26, 8, 4, 256, 9216, 8192, 0, 1e-6, true},
      {"gemma3_text", 262208, 2304, 26, 8, 4, 256, 9216, 131072, 0, 1e-6, true},
      {"phi3", 32064, 3072, 32, 32, 32, 96, 8192, 4096, 32000, 1e-5, false},
      {"starcoder2", 49152, 3072, 30, 24, 2, 128, 12288, 4096, {}, 1e-5, true},
      {"gpt2", 50257, 768, 12, 12, 12, 64, 3072, 1024, {}, 1e-5, true},
      {"gpt_neox", 50432, 6144, 44, 64, 64, 96, 24576, 2048, {}, 1e-5, false},
      {"opt", 50272, 768, 12, 12, 12, 64, 3072, 2048, 1, 1e-5, true},
  };
  for (const Defaults& want : all) {
    SCOPED_TRACE(want.model_type);
    ASSERT_OK_AND_ASSIGN(const Architecture got, Parse(want.model_type));
    const StackRecipe& stack = got.stack;
    EXPECT_EQ(got.vocab_size, want.vocab_size);
    EXPECT_EQ(got.hidden_size, want.hidden_size);
    EXPECT_EQ(stack.num_hidden_layers, want.layers);
    EXPECT_EQ(stack.num_attention_heads, want.heads);
    EXPECT_EQ(stack.block.attention.num_key_value_heads, want.key_heads);
    EXPECT_EQ(stack.head_size, want.head_size);
    EXPECT_EQ(stack.intermediate_size, want.intermediate_size);
    EXPECT_EQ(got.max_sequence_length, want.max_sequence_length);
    EXPECT_EQ(got.pad_token_id, want.pad_token_id);
    EXPECT_EQ(stack.block.norm.eps, want.eps);
    EXPECT_EQ(stack.final_norm->eps, want.eps);
    EXPECT_EQ(got.tie_word_embeddings, want.is_tied);
    EXPECT_TRUE(stack.block.attention.causal);
  }
}

TEST(DecoderTest, NullIsNoneWhereAbsenceIsADefault) {
  ASSERT_OK_AND_ASSIGN(const Architecture mistral, Parse("mistral"));
  EXPECT_EQ(mistral.stack.variants[0].span.before, 4095);
  ASSERT_OK_AND_ASSIGN(const Architecture without,
                       Parse("mistral",
                             "\"sliding_window\": null, "
                             "\"num_key_value_heads\": null"));
  EXPECT_EQ(without.stack.variants[0].span.before, AttentionSpan::kUnlimited);
  EXPECT_EQ(without.stack.block.attention.num_key_value_heads, 32);

  ASSERT_OK_AND_ASSIGN(const Architecture gemma2,
                       Parse("gemma2", "", "Gemma2ForCausalLM"));
  EXPECT_EQ(gemma2.stack.block.attention.softcap, 50);
  EXPECT_EQ(gemma2.head.softcap, 30);
  ASSERT_OK_AND_ASSIGN(
      const Architecture uncapped,
      Parse("gemma2",
            "\"attn_logit_softcapping\": null, "
            "\"final_logit_softcapping\": null, \"pad_token_id\": null",
            "Gemma2ForCausalLM"));
  EXPECT_EQ(uncapped.stack.block.attention.softcap, 0);
  EXPECT_EQ(uncapped.head.softcap, 0);
  EXPECT_EQ(uncapped.pad_token_id, std::nullopt);
}

TEST(DecoderTest, APaddingIdOfMinusOneIsNone) {
  ASSERT_OK_AND_ASSIGN(const Architecture llama,
                       Parse("llama", "\"pad_token_id\": -1"));

  EXPECT_EQ(llama.pad_token_id, std::nullopt);
}

TEST(DecoderTest, OnlyNamedLayersHaveAWindow) {
  const std::string three = "\"num_hidden_layers\": 3, ";
  ASSERT_OK_AND_ASSIGN(const Architecture gemma2,
                       Parse("gemma2", three + "\"sliding_window\": 8"));
  EXPECT_THAT(gemma2.stack.variant_of_layer, ElementsAre(1, 0, 1));
  EXPECT_EQ(gemma2.stack.variants[0].span.before, AttentionSpan::kUnlimited);
  EXPECT_EQ(gemma2.stack.variants[1].span.before, 7);

  ASSERT_OK_AND_ASSIGN(
      const Architecture gemma3,
      Parse("gemma3_text", three + "\"sliding_window_pattern\": 2"));
  EXPECT_THAT(gemma3.stack.variant_of_layer, ElementsAre(1, 0, 1));

  const std::string window = "\"use_sliding_window\": true, ";
  for (const char* type : {"qwen2", "qwen3"}) {
    ASSERT_OK_AND_ASSIGN(
        const Architecture upper,
        Parse(type, three + window + "\"max_window_layers\": 1"));
    EXPECT_THAT(upper.stack.variant_of_layer, ElementsAre(0, 1, 1));
    ASSERT_OK_AND_ASSIGN(const Architecture none,
                         Parse(type, three + "\"max_window_layers\": 1"));
    EXPECT_THAT(none.stack.variant_of_layer, ElementsAre(0, 0, 0));
    ASSERT_OK_AND_ASSIGN(const Architecture named,
                         Parse(type, three + window +
                                         R"("layer_types": ["sliding_attention",
                           "full_attention", "full_attention"])"));
    EXPECT_THAT(named.stack.variant_of_layer, ElementsAre(1, 0, 0));
  }
}

TEST(DecoderTest, AModelWithoutLayersHasNoTypes) {
  ASSERT_OK_AND_ASSIGN(
      const Architecture qwen2,
      Parse("qwen2", "\"num_hidden_layers\": 0, \"layer_types\": []"));

  EXPECT_THAT(qwen2.stack.variant_of_layer, IsEmpty());
}

TEST(DecoderTest, KindsOfLayersRotateByThemselves) {
  const char* configs[] = {// transformers 5
                           R"("rope_parameters": {
           "full_attention": {"rope_type": "linear", "factor": 8,
                              "rope_theta": 2e6},
           "sliding_attention": {"rope_type": "default", "rope_theta": 5e3}})",
                           // and before
                           R"("rope_theta": 2e6, "rope_local_base_freq": 5e3,
         "rope_scaling": {"rope_type": "linear", "factor": 8})"};
  for (const char* config : configs) {
    ASSERT_OK_AND_ASSIGN(const Architecture gemma3,
                         Parse("gemma3_text", config));

    const RotaryRecipe& all = *gemma3.stack.variants[0].rotary;
    EXPECT_EQ(all.theta, 2e6);
    EXPECT_EQ(all.scaling, RotaryScaling::kLinear);
    EXPECT_EQ(all.factor, 8);
    const RotaryRecipe& sliding = *gemma3.stack.variants[1].rotary;
    EXPECT_EQ(sliding.theta, 5e3);
    EXPECT_EQ(sliding.scaling, RotaryScaling::kNone);
    EXPECT_EQ(gemma3.max_sequence_length, 131072);
  }
}

TEST(DecoderTest, ATextModelThatSeesAheadHalvesItsWindow) {
  ASSERT_OK_AND_ASSIGN(const Architecture gemma3,
                       Parse("gemma3_text",
                             "\"sliding_window\": 512, "
                             "\"use_bidirectional_attention\": true"));

  EXPECT_FALSE(gemma3.stack.block.attention.causal);
  EXPECT_EQ(gemma3.stack.variants[1].span.before, 256);
  EXPECT_EQ(gemma3.stack.variants[1].span.after, 256);
}

TEST(DecoderTest, TokenClassifiersMayLackABias) {
  ASSERT_OK_AND_ASSIGN(const Architecture with,
                       Parse("llama", "", "LlamaForTokenClassification"));
  ASSERT_OK_AND_ASSIGN(const Architecture without,
                       Parse("llama", "\"token_classification_bias\": false",
                             "LlamaForTokenClassification"));

  EXPECT_TRUE(with.head.output_bias);
  EXPECT_FALSE(without.head.output_bias);
}

TEST(DecoderTest, MissingWeightsAreDrawnInTheRangeOfTheClass) {
  ASSERT_OK_AND_ASSIGN(const Architecture unsaid, Parse("starcoder2"));
  ASSERT_OK_AND_ASSIGN(const Architecture said,
                       Parse("starcoder2", "\"initializer_range\": 0.5"));

  EXPECT_EQ(unsaid.initializer_range, 0.018042);
  EXPECT_EQ(said.initializer_range, 0.5);
}

TEST(DecoderTest, GemmasGeluIsItsApproximation) {
  ASSERT_OK_AND_ASSIGN(const Architecture gemma,
                       Parse("gemma", "\"hidden_act\": \"gelu\""));

  EXPECT_EQ(gemma.stack.block.mlp.activation, Activation::kGeluTanh);
}

struct BadConfig {
  const char* model_type;
  const char* fields;
  const char* reason;
  const char* message;
};

TEST(DecoderTest, RefusesConfigsByKeyAndValue) {
  const BadConfig cases[] = {
      {"llama", R"("num_attention_heads": 3)", "CONFIG_INVALID",
       "num_attention_heads=3 does not divide hidden_size=4096"},
      {"llama", R"("num_key_value_heads": 5)", "CONFIG_INVALID",
       "num_key_value_heads=5 does not divide num_attention_heads=32"},
      {"llama", R"("num_key_value_heads": 0)", "CONFIG_INVALID",
       "num_key_value_heads=0"},
      {"llama", R"("head_dim": 1000000)", "CONFIG_INVALID",
       "head_dim=1000000 times num_attention_heads=32"},
      {"llama", R"("head_dim": 7)", "CONFIG_INVALID", "heads of 7 numbers"},
      {"llama", R"("pad_token_id": 32000)", "CONFIG_INVALID",
       "pad_token_id=32000"},
      {"llama", R"("attention_bias": 1)", "CONFIG_INVALID",
       "attention_bias=1, expected true or false"},
      {"llama", R"("is_causal": false)", "UNSUPPORTED", "is_causal=false"},
      {"llama", R"("partial_rotary_factor": 0.5)", "UNSUPPORTED",
       "partial_rotary_factor=0.5"},
      {"mistral", R"("sliding_window": 0)", "CONFIG_INVALID",
       "sliding_window=0, expected an integer in [1,"},
      {"mixtral", R"("num_experts_per_tok": 9)", "CONFIG_INVALID",
       "num_experts_per_tok=9, expected an integer in [1, 8]"},
      {"mixtral", R"("num_local_experts": 1024, "num_hidden_layers": 1000)",
       "CONFIG_INVALID", "num_local_experts=1024 times num_hidden_layers=1000"},
      {"qwen2", R"("layer_types": ["full_attention"])", "CONFIG_INVALID",
       "layer_types has 1 elements, expected num_hidden_layers=32"},
      {"qwen2",
       R"("num_hidden_layers": 1, "layer_types": ["sliding_attention"])",
       "CONFIG_INVALID", "layer 0 is of type sliding_attention"},
      {"qwen3",
       R"("num_hidden_layers": 1, "layer_types": ["chunked_attention"])",
       "UNSUPPORTED", "layer_types holds \"chunked_attention\""},
      {"gemma", R"("use_bidirectional_attention": true)", "UNSUPPORTED",
       "use_bidirectional_attention=true"},
      {"gemma2", R"("attn_logit_softcapping": 0)", "CONFIG_INVALID",
       "attn_logit_softcapping=0"},
      {"gemma2", R"("sliding_window": null)", "CONFIG_INVALID",
       "layer 0 is of type sliding_attention"},
      {"gemma3_text", R"("rope_parameters": {"rope_type": "default"})",
       "UNSUPPORTED", "rope_parameters of all layers"},
      {"gpt2", R"("add_cross_attention": true)", "UNSUPPORTED",
       "add_cross_attention=true"},
      {"gpt2", R"("n_head": 5)", "CONFIG_INVALID",
       "n_head=5 does not divide n_embd=768"},
      {"gpt_neox", R"("rotary_pct": 1.5)", "CONFIG_INVALID", "rotary_pct=1.5"},
      {"opt", R"("word_embed_proj_dim": 0)", "CONFIG_INVALID",
       "word_embed_proj_dim=0"},
  };
  for (const BadConfig& c : cases) {
    const absl::Status status = Parse(c.model_type, c.fields).status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition,
                                 HasSubstr(c.message)))
        << c.model_type << " " << c.fields;
    EXPECT_EQ(ReasonOf(status), c.reason) << c.model_type << " " << c.fields;
  }
}

}  // namespace
}  // namespace transformerd
