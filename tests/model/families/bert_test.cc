#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "model/families/families.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::StatusOr<ParsedModel> Parse(const std::string& json,
                                  absl::string_view class_name = "") {
  absl::StatusOr<ConfigReader> config =
      ConfigReader::Parse(json, "config.json");
  if (!config.ok()) return config.status();
  return ParseModel(*config, class_name);
}

TEST(BertTest, TakesTheDefaultsOfItsClass) {
  ASSERT_OK_AND_ASSIGN(const ParsedModel model,
                       Parse(R"({"model_type": "bert"})"));

  const Architecture& architecture = model.architecture;
  EXPECT_EQ(architecture.class_name, "BertModel");
  EXPECT_EQ(architecture.vocab_size, 30522);
  EXPECT_EQ(architecture.stack.head_size, 64);
  EXPECT_EQ(architecture.max_sequence_length, 512);
  EXPECT_EQ(architecture.stack.block.norm.eps, 1e-12);
  EXPECT_TRUE(architecture.pooler_optional);
}

TEST(BertTest, ReadsDimensionsLabelsAndActivation) {
  ASSERT_OK_AND_ASSIGN(const ParsedModel model, Parse(R"({
      "model_type": "bert",
      "architectures": ["BertForSequenceClassification"],
      "hidden_size": 32, "num_attention_heads": 4, "hidden_act": "relu",
      "id2label": {"1": "good", "0": "bad"}, "layer_norm_eps": 1e-5})"));

  const Architecture& architecture = model.architecture;
  EXPECT_EQ(architecture.head.kind, HeadKind::kSequenceClassification);
  EXPECT_EQ(architecture.stack.head_size, 8);
  EXPECT_EQ(architecture.stack.block.mlp.activation, Activation::kRelu);
  EXPECT_EQ(architecture.stack.block.norm.eps, 1e-5);
  EXPECT_EQ(architecture.num_labels, 2);
  EXPECT_THAT(architecture.labels, ElementsAre("bad", "good"));
  EXPECT_FALSE(architecture.pooler_optional);
}

TEST(BertTest, TheClassAskedForWins) {
  ASSERT_OK_AND_ASSIGN(
      const ParsedModel model,
      Parse(R"({"model_type": "bert", "architectures": ["BertModel"]})",
            "BertForMaskedLM"));

  EXPECT_EQ(model.architecture.head.kind, HeadKind::kMaskedLm);
  EXPECT_FALSE(model.architecture.pooler);
}

struct BadConfig {
  const char* json;
  const char* reason;
  const char* message;
};

TEST(BertTest, RefusesConfigsByKeyAndValue) {
  const BadConfig cases[] = {
      {R"({"hidden_size": 32})", "CONFIG_INVALID", "model_type"},
      {R"({"model_type": "birt"})", "UNKNOWN_ARCHITECTURE", "birt"},
      {R"({"model_type": "bert", "architectures": ["BertLMHeadModel"]})",
       "UNKNOWN_ARCHITECTURE", "BertLMHeadModel"},
      {R"({"model_type": "bert", "hidden_size": 770})", "CONFIG_INVALID",
       "num_attention_heads=12 does not divide hidden_size=770"},
      {R"({"model_type": "bert", "num_attention_heads": 0})", "CONFIG_INVALID",
       "num_attention_heads"},
      {R"({"model_type": "bert", "num_hidden_layers": -1})", "CONFIG_INVALID",
       "num_hidden_layers"},
      {R"({"model_type": "bert", "num_hidden_layers": 2000000000})",
       "CONFIG_INVALID", "num_hidden_layers"},
      {R"({"model_type": "bert", "hidden_act": "gleu"})", "CONFIG_INVALID",
       "hidden_act=\"gleu\""},
      {R"({"model_type": "bert", "pad_token_id": 30522})", "CONFIG_INVALID",
       "pad_token_id"},
      {R"({"model_type": "bert", "is_decoder": true})", "UNSUPPORTED",
       "is_decoder=true"},
      {R"({"model_type": "bert", "position_embedding_type": "relative_key"})",
       "UNSUPPORTED", "position_embedding_type=\"relative_key\""},
  };
  for (const BadConfig& c : cases) {
    const absl::Status status = Parse(c.json).status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition,
                                 HasSubstr(c.message)))
        << c.json;
    EXPECT_EQ(ReasonOf(status), c.reason) << c.json;
  }
}

}  // namespace
}  // namespace transformerd
