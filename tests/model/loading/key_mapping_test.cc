#include "model/loading/key_mapping.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;

constexpr ModuleRenaming kRules[] = {
    {"", "layer", "layers"},
    {"layers.{}.norm", "gamma", "weight"},
    {"layers.{}", "LayerNorm", "norm"},
};

class KeyMappingTest : public ::testing::Test {
 protected:
  static std::vector<std::string> Apply(KeyMapping& mapping,
                                        const std::vector<std::string>& keys) {
    std::vector<NamedEntry> named;
    for (const std::string& key : keys) named.push_back({key, 0});
    mapping.Apply(named);
    std::vector<std::string> names;
    for (const NamedEntry& key : named) names.push_back(key.name);
    return names;
  }

  const ModuleNode modules_ = MakeModuleTree(
      {{"layers.0.norm.weight", "layers.1.norm.weight", "layers.1.dense"}},
      kRules);
};

TEST_F(KeyMappingTest, RenamesAtEachModuleOfTheTree) {
  KeyMapping mapping(modules_, {});

  // There is no third layer, so nothing below it is renamed.
  EXPECT_THAT(Apply(mapping, {"layer.0.LayerNorm.gamma", "layer.2.LayerNorm.x",
                              "layer.1.dense", "layers"}),
              ElementsAre("layers.0.norm.weight", "layers.2.LayerNorm.x",
                          "layers.1.dense", "layers"));
}

TEST_F(KeyMappingTest, TheCallersRenamingsStandOverTheModulesOwn) {
  const std::vector<Renaming> for_top = {{"layer", "blocks"}, {"x", "layers"}};
  KeyMapping mapping(modules_, for_top);

  EXPECT_THAT(Apply(mapping, {"layer.0.dense", "x.0.dense"}),
              ElementsAre("blocks.0.dense", "layers.0.dense"));
}

TEST_F(KeyMappingTest, NeverOverwrites) {
  const std::vector<Renaming> for_top = {{"layer.1", "layers.0"}};
  KeyMapping mapping(modules_, for_top);

  EXPECT_THAT(Apply(mapping, {"layer.0.dense", "layer.1.dense"}),
              ElementsAre("layer.0.dense", "layers.0.dense"));
}

TEST_F(KeyMappingTest, MissingNamesFollowTheFilesOwnStyle) {
  KeyMapping old_style(modules_, {}), new_style(modules_, {});
  Apply(old_style, {"layer.0.LayerNorm.gamma"});
  Apply(new_style, {"layers.0.norm.weight"});

  EXPECT_EQ(old_style.NameInFile("layers.1.norm.weight"),
            "layer.1.LayerNorm.gamma");
  EXPECT_EQ(old_style.NameInFile("layers.1.dense"), "layer.1.dense");
  EXPECT_EQ(new_style.NameInFile("layers.1.norm.weight"),
            "layers.1.norm.weight");
}

TEST_F(KeyMappingTest, MissingNamesOfAMappedLayerAreThoseOfItsSource) {
  const std::vector<Renaming> for_top = {{"layer.8", "layers.0"}};
  KeyMapping mapping(modules_, for_top);
  Apply(mapping, {"layer.1.dense", "layer.8.dense"});

  EXPECT_EQ(mapping.NameInFile("layers.0.norm.weight"), "layer.8.norm.weight");
}

}  // namespace
}  // namespace transformerd
