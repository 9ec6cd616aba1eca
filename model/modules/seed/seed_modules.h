// The modules of AllenNLP's transformer toolkit as structs of parameter slots.
//
// Slots have the names that AllenNLP gives to its parameters, so that a bare
// module needs no table of names.
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "model/config/seed_recipe.h"
#include "model/modules/modules.h"
#include "model/modules/parameter_slot.h"

namespace transformerd {

// Of every module of the toolkit but T5 and TransformerEmbeddings, whatever a
// config says.
inline constexpr double kSeedNormEps = 1e-12;

struct SeedAttention {
  SeedAttentionRecipe recipe;
  Linear query, key, value;
  std::optional<Linear> output;
  ParameterSlot* relative_bias = nullptr;  // [buckets, heads]; null: none
};

struct SelfAttentionModule {
  SeedAttention attention;
};

struct T5AttentionModule {
  SeedAttention attention;
};

// norm(dense(x) + residual).
struct OutputLayer {
  Linear dense;
  Norm layer_norm;
};

struct AttentionLayerModule {
  SeedAttention self;
  OutputLayer output;
};

struct TransformerLayerModule {
  AttentionLayerModule attention;
  std::optional<AttentionLayerModule> cross_attention;
  Linear intermediate;
  Activation activation = Activation::kRelu;
  OutputLayer output;
};

struct TransformerStackModule {
  std::vector<TransformerLayerModule> layers;
};

struct TransformerPoolerModule {
  Linear dense;
  Activation activation = Activation::kRelu;
};

struct TransformerEmbeddingsModule {
  TransformerEmbeddingsRecipe recipe;
  ParameterSlot* word = nullptr;
  ParameterSlot* position = nullptr;    // null: none
  ParameterSlot* token_type = nullptr;  // null: none
  Norm layer_norm;
  std::optional<Linear> linear_transform;
};

struct ImageFeatureEmbeddingsModule {
  Linear image, location;
  Norm layer_norm;
};

struct SinusoidalPositionalEncodingModule {
  SinusoidalPositionalEncodingRecipe recipe;
};

struct BiModalAttentionModule {
  BiModalAttentionRecipe recipe;
  Linear query1, key1, value1;
  Linear query2, key2, value2;
};

struct BiModalConnection {
  BiModalAttentionModule attention;
  OutputLayer bert_output1, bert_output2;
  Linear intermediate1, intermediate2;
  OutputLayer output1, output2;
  Activation activation = Activation::kRelu;
};

struct BiModalEncoderModule {
  BiModalEncoderRecipe recipe;
  std::vector<TransformerLayerModule> layers1, layers2;
  // One for each of biattention_id2, also for those that never run.
  std::vector<BiModalConnection> connections;
};

struct T5AttentionLayer {
  SeedAttention attention;
  Norm layer_norm;
};

struct T5FeedForward {
  std::optional<Linear> gate;  // of the gated form
  Linear up, down;
  Norm layer_norm;
};

struct T5Block {
  T5AttentionLayer self_attention;
  std::optional<T5AttentionLayer> cross_attention;  // of the decoder
  T5FeedForward feed_forward;
};

struct T5Stack {
  ParameterSlot* token_embeddings = nullptr;
  std::vector<T5Block> blocks;
  Norm final_layer_norm;
};

struct T5Module {
  T5Recipe recipe;
  T5Stack encoder, decoder;
  Linear lm_head;
};

struct VilbertBackboneModule {
  VilbertBackboneRecipe recipe;
  TransformerEmbeddingsModule text_embeddings;
  ImageFeatureEmbeddingsModule image_embeddings;
  BiModalEncoderModule encoder;
  TransformerPoolerModule text_pooler, image_pooler;
};

// In the order of SeedRecipe.
using SeedModule =
    std::variant<SelfAttentionModule, T5AttentionModule, AttentionLayerModule,
                 TransformerLayerModule, TransformerStackModule,
                 TransformerPoolerModule, TransformerEmbeddingsModule,
                 ImageFeatureEmbeddingsModule,
                 SinusoidalPositionalEncodingModule, BiModalAttentionModule,
                 BiModalEncoderModule, T5Module, VilbertBackboneModule>;

}  // namespace transformerd
