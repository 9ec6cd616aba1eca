// The modules of AllenNLP's transformer toolkit in numbers.
//
// Each struct is one module that can be served by itself, or a part of one.
// Where the original fixes a number (the eps of its norms, say), it is not
// here.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "model/config/block_recipe.h"

namespace transformerd {

// Multi-head attention in any of its forms.
struct SeedAttentionRecipe {
  int64_t hidden_size = 0;
  int64_t num_attention_heads = 0;
  int64_t head_size = 0;
  bool bias = true;
  // Scores are divided by the root of head_size.
  bool scaled = true;
  // A linear layer behind the joined heads.
  bool output = false;
  // Rows of the table of relative biases; 0: none.
  int64_t num_buckets = 0;
  // The buckets tell distances in both directions apart.
  bool bidirectional = true;
};

struct SelfAttentionRecipe {
  SeedAttentionRecipe attention;
};

struct T5AttentionRecipe {
  SeedAttentionRecipe attention;
};

struct AttentionLayerRecipe {
  SeedAttentionRecipe attention;
};

struct TransformerLayerRecipe {
  SeedAttentionRecipe attention;
  int64_t intermediate_size = 0;
  Activation activation = Activation::kRelu;
  bool cross_attention = false;
};

struct TransformerStackRecipe {
  TransformerLayerRecipe layer;
  int64_t num_hidden_layers = 0;
};

struct TransformerPoolerRecipe {
  int64_t hidden_size = 0;
  int64_t intermediate_size = 0;
  Activation activation = Activation::kRelu;
};

struct TransformerEmbeddingsRecipe {
  int64_t vocab_size = 0;
  int64_t embedding_size = 0;
  int64_t pad_token_id = 0;
  int64_t max_position_embeddings = 0;  // 0: none
  int64_t type_vocab_size = 0;          // 0: none
  double layer_norm_eps = 1e-12;
  int64_t output_size = 0;  // 0: embeddings leave as they are
  // Positions are this id + (index + 1) * mask instead of indices.
  std::optional<int64_t> position_pad_token_id;
};

struct ImageFeatureEmbeddingsRecipe {
  int64_t feature_size = 0;
  int64_t embedding_size = 0;
};

struct SinusoidalPositionalEncodingRecipe {
  double min_timescale = 1;
  double max_timescale = 1e4;
};

// Two streams that attend to each other, through heads of one width.
struct BiModalAttentionRecipe {
  int64_t hidden_size1 = 0, hidden_size2 = 0;
  int64_t combined_hidden_size = 0;
  int64_t num_attention_heads = 0;
};

struct BiModalEncoderRecipe {
  TransformerStackRecipe stack1, stack2;
  BiModalAttentionRecipe connection;
  // Connection c comes behind the first biattention_id1[c] layers of stream 1
  // and biattention_id2[c] of stream 2. Neither ever decreases.
  std::vector<int64_t> biattention_id1, biattention_id2;
  bool fast_mode = false;
  bool with_coattention = true;
  bool in_batch_pairs = false;
};

struct T5Recipe {
  int64_t vocab_size = 0;
  int64_t hidden_size = 0;
  int64_t ff_size = 0;
  int64_t num_layers = 0, num_decoder_layers = 0;
  // Of the encoder; those of the decoder look back only.
  SeedAttentionRecipe attention;
  bool gated = false;
  double layer_norm_epsilon = 1e-6;
  int64_t pad_token_id = 0;
  int64_t decoder_start_token_id = 0;
  bool tie_word_embeddings = true;
};

enum class Fusion { kSum, kProduct };

struct VilbertBackboneRecipe {
  TransformerEmbeddingsRecipe text_embeddings;
  ImageFeatureEmbeddingsRecipe image_embeddings;
  BiModalEncoderRecipe encoder;
  int64_t pooled_output_dim = 0;
  Fusion fusion = Fusion::kSum;
};

using SeedRecipe =
    std::variant<SelfAttentionRecipe, T5AttentionRecipe, AttentionLayerRecipe,
                 TransformerLayerRecipe, TransformerStackRecipe,
                 TransformerPoolerRecipe, TransformerEmbeddingsRecipe,
                 ImageFeatureEmbeddingsRecipe,
                 SinusoidalPositionalEncodingRecipe, BiModalAttentionRecipe,
                 BiModalEncoderRecipe, T5Recipe, VilbertBackboneRecipe>;

}  // namespace transformerd
