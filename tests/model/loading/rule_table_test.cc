#include "model/loading/rule_table.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/model/loading/toy_family.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A model of two layers with a decoder, and without the pooler and the head qa.
std::vector<std::string> SlotNames() {
  std::vector<std::string> names = {"embeddings.token.weight"};
  for (const char* module :
       {"layers.0.attention", "layers.0.norm", "layers.1.attention",
        "layers.1.norm", "head.decoder"}) {
    names.push_back(absl::StrCat(module, ".weight"));
    names.push_back(absl::StrCat(module, ".bias"));
  }
  return names;
}

class RuleTableTest : public testing::Test {
 protected:
  const RuleTable bare_{ToyFamily(), "", SlotNames()};
  const RuleTable prefixed_{ToyFamily(), "toy.", SlotNames()};
};

TEST_F(RuleTableTest, ReplacesTheLayerNumber) {
  EXPECT_THAT(bare_.CandidateKeys("layers.1.attention.weight"),
              ElementsAre("encoder.layer.1.attention.weight",
                          "encoder.layer.1.attention.gamma"));
}

TEST_F(RuleTableTest, PutsThePrefixBeforeBaseKeysOnly) {
  EXPECT_THAT(prefixed_.CandidateKeys("pooler.dense.bias"),
              ElementsAre("toy.pooler.dense.bias", "toy.pooler.dense.beta"));
  EXPECT_THAT(prefixed_.CandidateKeys("head.qa.bias"),
              ElementsAre("qa.bias", "qa.beta"));
}

TEST_F(RuleTableTest, KeepsTheOrderOfTheRules) {
  EXPECT_THAT(bare_.CandidateKeys("head.decoder.bias"),
              ElementsAre("cls.decoder.bias", "cls.decoder.beta",
                          "cls.old.bias", "cls.old.beta"));
}

TEST_F(RuleTableTest, HasNoCandidatesForAnUnknownModule) {
  EXPECT_THAT(bare_.CandidateKeys("layers.1.cross.weight"), IsEmpty());
  EXPECT_THAT(bare_.CandidateKeys("weight"), IsEmpty());
}

TEST_F(RuleTableTest, KnowsParametersOfAllHeadsAndBuffers) {
  for (const char* key :
       {"toy.embeddings.words.weight", "toy.encoder.layer.0.norm.gamma",
        "toy.encoder.layer.1.attention.bias", "qa.weight", "cls.old.bias",
        "toy.embeddings.position_ids", "toy.encoder.layer.0.attention.mask"}) {
    EXPECT_TRUE(prefixed_.Knows(key)) << key;
  }
}

TEST_F(RuleTableTest, DoesNotKnowLayersBeyondTheModel) {
  EXPECT_FALSE(prefixed_.Knows("toy.encoder.layer.2.norm.weight"));
}

TEST_F(RuleTableTest, DoesNotKnowALeafThatAModuleOfTheModelLacks) {
  EXPECT_FALSE(prefixed_.Knows("toy.embeddings.words.bias"));
}

TEST_F(RuleTableTest, FillsTwoNumbersInTheirOrder) {
  constexpr ParameterRule kRules[] = {
      {"layer.{}.moe.experts.{}.w1", "layers.{}.experts.{}.gate"}};
  Family family = {};
  family.base_parameters = kRules;
  const RuleTable rules(family, "", {"layers.3.experts.7.gate.weight"});

  EXPECT_THAT(rules.CandidateKeys("layers.3.experts.7.gate.weight"),
              ElementsAre("layer.3.moe.experts.7.w1.weight",
                          "layer.3.moe.experts.7.w1.gamma"));
  EXPECT_FALSE(rules.Knows("layer.3.moe.experts.8.w1.weight"));
}

TEST(RuleTableOtherModulesTest, KnowsWhateverStandsUnderThem) {
  constexpr absl::string_view kOthers[] = {"vision"};
  Family family = ToyFamily();
  family.other_modules = kOthers;
  const RuleTable rules(family, "toy.", SlotNames());

  EXPECT_TRUE(rules.Knows("vision.layers.7.norm.weight"));
  EXPECT_TRUE(rules.Knows("vision.class_embedding"));
  for (const char* key : {"vision", "visions.weight", "toy.vision.weight"}) {
    EXPECT_FALSE(rules.Knows(key)) << key;
  }
}

// Parameters whose names have no leaf.
constexpr ParameterRule kWholeRules[] = {
    {"embeddings.cls_token", "embeddings.first", RuleKind::kParameter},
    {"late_bias", "head.late", RuleKind::kParameter},
};

TEST_F(RuleTableTest, ARuleMayNameAWholeParameter) {
  Family family = {};
  family.base_prefix = "toy.";
  family.base_parameters = kWholeRules;
  const RuleTable rules(family, "toy.", {"embeddings.first"});

  EXPECT_THAT(rules.CandidateKeys("embeddings.first"),
              ElementsAre("toy.embeddings.cls_token"));
  EXPECT_TRUE(rules.Knows("toy.embeddings.cls_token"));
  EXPECT_TRUE(rules.Knows("toy.late_bias"));  // the model has none
  for (const char* key : {"toy.embeddings.cls_token.weight", "toy.embeddings",
                          "embeddings.cls_token", "toy.late_bias.bias"}) {
    EXPECT_FALSE(rules.Knows(key)) << key;
  }
}

TEST_F(RuleTableTest, ARuleMayCountBesideAModuleOnly) {
  constexpr ParameterRule kRules[] = {
      {"layer.{}.wi_1", "layers.{}.up", RuleKind::kModule, "layers.{}.gate"},
      {"layer.{}.wi", "layers.{}.up"}};
  Family family = {};
  family.base_parameters = kRules;
  const RuleTable plain(family, "", {"layers.0.up.bias"});
  const RuleTable gated(family, "", {"layers.0.up.bias", "layers.0.gate.bias"});

  EXPECT_THAT(plain.CandidateKeys("layers.0.up.bias"),
              ElementsAre("layer.0.wi.bias", "layer.0.wi.beta"));
  EXPECT_FALSE(plain.Knows("layer.0.wi_1.bias"));
  EXPECT_EQ(gated.CandidateKeys("layers.0.up.bias").front(),
            "layer.0.wi_1.bias");
}

TEST_F(RuleTableTest, DoesNotKnowWhatIsOnlySimilar) {
  for (const char* key :
       {"embeddings.words.weight", "toy.qa.weight", "qa", "qa.weights",
        "qa.weight.more", "toy.encoder.layer.01.norm.weight",
        "toy.encoder.layer.-1.norm.weight", "toy.encoder.layer.x.norm.weight",
        "toy.encoder.layer.{}.norm.weight", "", ".", "toy.embeddings.words",
        "toy.encoder.layer.99999999999999999999.norm.weight"}) {
    EXPECT_FALSE(prefixed_.Knows(key)) << key;
  }
}

// A quadratic cost would take minutes here.
TEST_F(RuleTableTest, JudgesAHostileNameInReasonableTime) {
  std::string name = "toy";
  for (int i = 0; i < 300000; ++i) absl::StrAppend(&name, ".", i % 10);
  EXPECT_FALSE(prefixed_.Knows(name + ".weight"));
}

}  // namespace
}  // namespace transformerd
