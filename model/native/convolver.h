// The convolution behind a stack's first layer.
#pragma once

#include <cstdint>

#include "model/config/disentangled_recipe.h"
#include "model/native/buffer.h"
#include "model/native/native_modules.h"
#include "model/native/row_ops.h"
#include "model/native/row_range.h"

namespace transformerd {

// stream = norm(stream + activation(convolution(input))) of blocks of rows:
// linears of each row with its neighbours beside it. What stands outside of a
// sequence, or is masked, counts as zeros; what is masked becomes zeros.
//
// Holds the memory that this takes, for one block at a time. What it is made
// from must outlive it.
class Convolver {
 public:
  // For blocks of at most `max_rows` rows.
  Convolver(const ConvolutionRecipe& recipe, int64_t hidden_size,
            const NativeConvolution& convolution, const RowOps& ops,
            int64_t max_rows);

  // `input` and `stream` have the rows of the whole range.
  void Run(const RowRange& range, const RowBuffer& input, const RowBlock& block,
           const RowBuffer& stream);

 private:
  // The channels from `first_channel` on of a group, [rows, channels, kernel
  // size], into the first rows of `neighbours_`.
  void Gather(const RowRange& range, const RowBuffer& input,
              const RowBlock& block, int64_t first_channel);

  const ConvolutionRecipe& recipe_;
  const int64_t hidden_size_;
  const int64_t group_size_;  // channels
  const NativeConvolution& convolution_;
  const RowOps& ops_;
  RowBuffer neighbours_;
  PanelBuffer panels_;
};

}  // namespace transformerd
