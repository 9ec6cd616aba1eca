// The two-stream modules of AllenNLP's toolkit (Lu et al., 2019).
#include "absl/strings/str_cat.h"
#include "model/modules/seed/seed_builder.h"

namespace transformerd {
namespace {

BiModalConnection BuildConnection(const BiModalEncoderRecipe& recipe,
                                  const std::string& prefix,
                                  ModuleBuilder& builder) {
  const BiModalAttentionRecipe& streams = recipe.connection;
  const TransformerLayerRecipe& layer1 = recipe.stack1.layer;
  const TransformerLayerRecipe& layer2 = recipe.stack2.layer;
  const auto name = [&](const char* part) {
    return absl::StrCat(prefix, part);
  };
  BiModalConnection connection;
  connection.activation = layer1.activation;
  connection.attention =
      BuildBiModalAttention(streams, name("bimodal_attention."), builder);
  connection.bert_output1 = BuildOutputLayer(
      name("bimodal_output.bert_output1."), streams.combined_hidden_size,
      streams.hidden_size1, builder);
  connection.bert_output2 = BuildOutputLayer(
      name("bimodal_output.bert_output2."), streams.combined_hidden_size,
      streams.hidden_size2, builder);
  connection.intermediate1 =
      builder.AddLinear(name("intermediate1.dense"), streams.hidden_size1,
                        layer1.intermediate_size);
  connection.output1 =
      BuildOutputLayer(name("output1."), layer1.intermediate_size,
                       streams.hidden_size1, builder);
  connection.intermediate2 =
      builder.AddLinear(name("intermediate2.dense"), streams.hidden_size2,
                        layer2.intermediate_size);
  connection.output2 =
      BuildOutputLayer(name("output2."), layer2.intermediate_size,
                       streams.hidden_size2, builder);
  return connection;
}

}  // namespace

BiModalAttentionModule BuildBiModalAttention(
    const BiModalAttentionRecipe& recipe, const std::string& prefix,
    ModuleBuilder& builder) {
  const auto add = [&](const char* name, int64_t hidden_size) {
    return builder.AddLinear(absl::StrCat(prefix, name), hidden_size,
                             recipe.combined_hidden_size);
  };
  BiModalAttentionModule module;
  module.recipe = recipe;
  module.query1 = add("query1", recipe.hidden_size1);
  module.key1 = add("key1", recipe.hidden_size1);
  module.value1 = add("value1", recipe.hidden_size1);
  module.query2 = add("query2", recipe.hidden_size2);
  module.key2 = add("key2", recipe.hidden_size2);
  module.value2 = add("value2", recipe.hidden_size2);
  return module;
}

BiModalEncoderModule BuildBiModalEncoder(const BiModalEncoderRecipe& recipe,
                                         const std::string& prefix,
                                         ModuleBuilder& builder) {
  BiModalEncoderModule module;
  module.recipe = recipe;
  module.layers1 =
      BuildLayers(recipe.stack1, absl::StrCat(prefix, "layers1"), builder);
  module.layers2 =
      BuildLayers(recipe.stack2, absl::StrCat(prefix, "layers2"), builder);
  for (size_t i = 0; i < recipe.biattention_id2.size(); ++i) {
    module.connections.push_back(BuildConnection(
        recipe, absl::StrCat(prefix, "c_layer.", i, "."), builder));
  }
  return module;
}

}  // namespace transformerd
