// Tokens, or patches of images, as what enters the first block.
#pragma once

#include <cstdint>
#include <vector>

#include "model/config/stack_recipe.h"
#include "model/native/buffer.h"
#include "model/native/native_modules.h"
#include "model/native/row_ops.h"
#include "model/native/row_range.h"

namespace transformerd {

// Holds the memory that takes. Blocks of different rows may be embedded at
// once. What it is made from must outlive it.
class Embedder {
 public:
  Embedder(const StackRecipe& recipe, int64_t hidden_size,
           const NativeEmbeddings& embeddings, const RowOps& ops);

  // Before a range is embedded.
  void Resize(const RowRange& range);
  // The rows of a block of the range into those of `stream`. `pixel_values` are
  // those of the whole batch, [sequences, channels, height, width].
  void Embed(const RowRange& range, const RowBlock& block,
             const std::vector<float>& pixel_values, RowBuffer& stream);

 private:
  void EmbedTokens(const RowRange& range, const RowBlock& block,
                   RowBuffer& stream);
  void EmbedPatches(const RowRange& range, const RowBlock& block,
                    const std::vector<float>& pixel_values, RowBuffer& stream);
  // Rows of the token table, or the vectors that came in their place.
  void TakeTokens(const RowRange& range, const RowBlock& block,
                  RowBuffer& tokens) const;
  void AddTables(const RowRange& range, const RowBlock& block, int64_t columns,
                 RowBuffer& sums) const;
  // Of what the tables give, in `narrow_`.
  void Project(const NativeLinear& linear, const RowBlock& block,
               RowBuffer& stream);
  // Copies the pixels of one patch, channel by channel.
  void CopyPatch(int64_t patch, const float* image, float* to) const;

  const StackRecipe& recipe_;
  const int64_t hidden_size_;
  const int64_t narrow_size_;  // numbers that are projected to hidden_size
  const NativeEmbeddings& embeddings_;
  const RowOps& ops_;
  // Of each token of the range, the place of its vector among the batch's;
  // empty where all tokens have ids.
  std::vector<int64_t> vector_places_;
  RowBuffer narrow_;
  PanelBuffer panels_;
};

}  // namespace transformerd
