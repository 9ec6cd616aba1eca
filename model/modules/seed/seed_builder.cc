#include "model/modules/seed/seed_builder.h"

#include <variant>

#include "absl/strings/str_cat.h"

namespace transformerd {
namespace {

constexpr NormRecipe kNorm = {NormKind::kLayerNorm, kSeedNormEps};

// Makes the module of whatever recipe there is.
struct TopBuilder {
  ModuleBuilder& builder;

  SeedModule operator()(const SelfAttentionRecipe& recipe) const {
    return SelfAttentionModule{BuildAttention(recipe.attention, "", builder)};
  }
  SeedModule operator()(const T5AttentionRecipe& recipe) const {
    return T5AttentionModule{BuildAttention(recipe.attention, "", builder)};
  }
  SeedModule operator()(const AttentionLayerRecipe& recipe) const {
    return BuildAttentionLayer(recipe.attention, "", builder);
  }
  SeedModule operator()(const TransformerLayerRecipe& recipe) const {
    return BuildLayer(recipe, "", builder);
  }
  SeedModule operator()(const TransformerStackRecipe& recipe) const {
    return TransformerStackModule{BuildLayers(recipe, "layers", builder)};
  }
  SeedModule operator()(const TransformerPoolerRecipe& recipe) const {
    return BuildPooler(recipe, "", builder);
  }
  SeedModule operator()(const TransformerEmbeddingsRecipe& recipe) const {
    return BuildTextEmbeddings(recipe, "", builder);
  }
  SeedModule operator()(const ImageFeatureEmbeddingsRecipe& recipe) const {
    return BuildImageEmbeddings(recipe, "", builder);
  }
  SeedModule operator()(
      const SinusoidalPositionalEncodingRecipe& recipe) const {
    return SinusoidalPositionalEncodingModule{recipe};
  }
  SeedModule operator()(const BiModalAttentionRecipe& recipe) const {
    return BuildBiModalAttention(recipe, "", builder);
  }
  SeedModule operator()(const BiModalEncoderRecipe& recipe) const {
    return BuildBiModalEncoder(recipe, "", builder);
  }
  SeedModule operator()(const T5Recipe& recipe) const {
    return BuildT5(recipe, builder);
  }
  SeedModule operator()(const VilbertBackboneRecipe& recipe) const {
    VilbertBackboneModule module;
    module.recipe = recipe;
    module.text_embeddings = BuildTextEmbeddings(recipe.text_embeddings,
                                                 "text_embeddings.", builder);
    module.image_embeddings = BuildImageEmbeddings(
        recipe.image_embeddings, "image_embeddings.", builder);
    module.encoder = BuildBiModalEncoder(recipe.encoder, "encoder.", builder);
    const BiModalAttentionRecipe& streams = recipe.encoder.connection;
    module.text_pooler = BuildPooler(
        {streams.hidden_size1, recipe.pooled_output_dim}, "t_pooler.", builder);
    module.image_pooler = BuildPooler(
        {streams.hidden_size2, recipe.pooled_output_dim}, "v_pooler.", builder);
    return module;
  }
};

}  // namespace

SeedModule BuildSeedModule(const SeedRecipe& recipe, ModuleBuilder& builder) {
  return std::visit(TopBuilder{builder}, recipe);
}

SeedAttention BuildAttention(const SeedAttentionRecipe& recipe,
                             const std::string& prefix,
                             ModuleBuilder& builder) {
  const int64_t hidden = recipe.hidden_size;
  const int64_t all_heads = recipe.num_attention_heads * recipe.head_size;
  SeedAttention attention;
  attention.recipe = recipe;
  attention.query = builder.AddLinear(absl::StrCat(prefix, "query"), hidden,
                                      all_heads, recipe.bias);
  attention.key = builder.AddLinear(absl::StrCat(prefix, "key"), hidden,
                                    all_heads, recipe.bias);
  attention.value = builder.AddLinear(absl::StrCat(prefix, "value"), hidden,
                                      all_heads, recipe.bias);
  if (recipe.output) {
    attention.output = builder.AddLinear(absl::StrCat(prefix, "output"),
                                         all_heads, hidden, recipe.bias);
  }
  if (recipe.num_buckets > 0) {
    attention.relative_bias =
        builder.AddTable(absl::StrCat(prefix, "relative_attention_bias"),
                         recipe.num_buckets, recipe.num_attention_heads);
  }
  return attention;
}

OutputLayer BuildOutputLayer(const std::string& prefix, int64_t in, int64_t out,
                             ModuleBuilder& builder) {
  OutputLayer layer;
  layer.dense = builder.AddLinear(absl::StrCat(prefix, "dense"), in, out);
  layer.layer_norm =
      builder.AddNorm(absl::StrCat(prefix, "layer_norm"), out, kNorm);
  return layer;
}

AttentionLayerModule BuildAttentionLayer(const SeedAttentionRecipe& recipe,
                                         const std::string& prefix,
                                         ModuleBuilder& builder) {
  AttentionLayerModule layer;
  layer.self = BuildAttention(recipe, absl::StrCat(prefix, "self."), builder);
  layer.output =
      BuildOutputLayer(absl::StrCat(prefix, "output."), recipe.hidden_size,
                       recipe.hidden_size, builder);
  return layer;
}

TransformerLayerModule BuildLayer(const TransformerLayerRecipe& recipe,
                                  const std::string& prefix,
                                  ModuleBuilder& builder) {
  const int64_t hidden = recipe.attention.hidden_size;
  TransformerLayerModule layer;
  layer.activation = recipe.activation;
  layer.attention = BuildAttentionLayer(
      recipe.attention, absl::StrCat(prefix, "attention."), builder);
  if (recipe.cross_attention) {
    layer.cross_attention = BuildAttentionLayer(
        recipe.attention, absl::StrCat(prefix, "cross_attention."), builder);
  }
  layer.intermediate =
      builder.AddLinear(absl::StrCat(prefix, "intermediate.dense"), hidden,
                        recipe.intermediate_size);
  layer.output = BuildOutputLayer(absl::StrCat(prefix, "output."),
                                  recipe.intermediate_size, hidden, builder);
  return layer;
}

std::vector<TransformerLayerModule> BuildLayers(
    const TransformerStackRecipe& recipe, const std::string& name,
    ModuleBuilder& builder) {
  std::vector<TransformerLayerModule> layers;
  for (int64_t i = 0; i < recipe.num_hidden_layers; ++i) {
    layers.push_back(
        BuildLayer(recipe.layer, absl::StrCat(name, ".", i, "."), builder));
  }
  return layers;
}

TransformerPoolerModule BuildPooler(const TransformerPoolerRecipe& recipe,
                                    const std::string& prefix,
                                    ModuleBuilder& builder) {
  return {builder.AddLinear(absl::StrCat(prefix, "dense"), recipe.hidden_size,
                            recipe.intermediate_size),
          recipe.activation};
}

TransformerEmbeddingsModule BuildTextEmbeddings(
    const TransformerEmbeddingsRecipe& recipe, const std::string& prefix,
    ModuleBuilder& builder) {
  const int64_t size = recipe.embedding_size;
  const auto add_table = [&](const char* name, int64_t rows) {
    return rows == 0
               ? nullptr
               : builder.AddTable(absl::StrCat(prefix, "embeddings.", name),
                                  rows, size);
  };
  TransformerEmbeddingsModule module;
  module.recipe = recipe;
  module.word = add_table("word_embeddings", recipe.vocab_size);
  module.position =
      add_table("position_embeddings", recipe.max_position_embeddings);
  module.token_type =
      add_table("token_type_embeddings", recipe.type_vocab_size);
  module.layer_norm =
      builder.AddNorm(absl::StrCat(prefix, "layer_norm"), size,
                      {NormKind::kLayerNorm, recipe.layer_norm_eps});
  if (recipe.output_size > 0) {
    module.linear_transform = builder.AddLinear(
        absl::StrCat(prefix, "linear_transform"), size, recipe.output_size);
  }
  return module;
}

ImageFeatureEmbeddingsModule BuildImageEmbeddings(
    const ImageFeatureEmbeddingsRecipe& recipe, const std::string& prefix,
    ModuleBuilder& builder) {
  constexpr int64_t kCorners = 4;  // of a box
  const int64_t size = recipe.embedding_size;
  ImageFeatureEmbeddingsModule module;
  module.image =
      builder.AddLinear(absl::StrCat(prefix, "embeddings.image_embeddings"),
                        recipe.feature_size, size);
  module.location =
      builder.AddLinear(absl::StrCat(prefix, "embeddings.location_embeddings"),
                        kCorners, size, /*bias=*/false);
  module.layer_norm =
      builder.AddNorm(absl::StrCat(prefix, "layer_norm"), size, kNorm);
  return module;
}

}  // namespace transformerd
