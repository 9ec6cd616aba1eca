// A stack of blocks in numbers, with what embeds its input.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/config/block_recipe.h"
#include "model/config/disentangled_recipe.h"

namespace transformerd {

// Where vectors of another width than the blocks' come to that width.
enum class EmbeddingProjection {
  kNone,
  kTokens,      // before positions are added, without bias (OPT)
  kSum,         // behind the norm (ALBERT, ELECTRA)
  kBeforeNorm,  // of the sum, without bias (DeBERTa)
};

// An image cut into patches, row by row, each of which becomes a vector; what
// does not fill a patch at the right and the bottom is left out (Dosovitskiy et
// al., 2021).
struct PatchRecipe {
  int64_t channels = 0;
  int64_t image_height = 0, image_width = 0;
  int64_t patch_height = 0, patch_width = 0;

  int64_t num_patches() const {
    return (image_height / patch_height) * (image_width / patch_width);
  }
};

// Sum of token, position and token type vectors, then a norm.
struct EmbeddingRecipe {
  // Instead of tokens: the row is a class token and the patches, each with its
  // position.
  std::optional<PatchRecipe> patches;
  // Width of the token table; 0: hidden_size.
  int64_t size = 0;
  EmbeddingProjection projection = EmbeddingProjection::kNone;
  // Multiplies the token table's vectors, but not those that a request gives in
  // their place, which transformers takes as they are.
  double scale = 1;
  // Rows of the position table, and which one is position 0's; 0 rows: none.
  int64_t position_rows = 0;
  int64_t position_offset = 0;
  // Rows of the token type table; 0: none.
  int64_t token_types = 0;
  std::optional<NormRecipe> norm;
  // Masked tokens become zeros.
  bool masked_as_zeros = false;
};

struct StackRecipe {
  int64_t num_hidden_layers = 0;
  int64_t num_attention_heads = 0;
  int64_t head_size = 0;
  int64_t intermediate_size = 0;

  EmbeddingRecipe embedding;
  BlockRecipe block;
  // The kinds of layers; empty: all as `block` says.
  std::vector<LayerVariant> variants;
  // Index into `variants` for each layer; empty: the first for all.
  std::vector<int> variant_of_layer;

  // Layers that share parameters (Lan et al., 2020): runs of all blocks of a
  // group, one a layer, are divided evenly among the groups. 0 groups: each
  // layer has a block of its own.
  int64_t num_layer_groups = 0;
  int64_t blocks_per_group = 1;

  std::optional<DisentangledRecipe> disentangled;
  std::optional<ConvolutionRecipe> convolution;

  // Behind the last block.
  std::optional<NormRecipe> final_norm;
  // Whether the last of the hidden states is what leaves the final norm, or
  // what enters it.
  bool last_hidden_state_is_normed = true;
  // Whether the output goes back to the width of the embeddings.
  bool output_projection = false;
};

// Numbers of a row of the token table.
int64_t TokenVectorSize(const EmbeddingRecipe& recipe, int64_t hidden_size);

// The variant of a layer; a default one where the recipe has none.
const LayerVariant& VariantOf(const StackRecipe& recipe, int64_t layer);

}  // namespace transformerd
