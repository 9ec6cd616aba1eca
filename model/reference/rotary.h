// Rotary position embeddings over packed rows.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorOptions.h>

#include "model/config/block_recipe.h"
#include "model/runtime/packing.h"

namespace transformerd {

// The rotation of every token of a batch: cosines and sines, [T, 1, dim / 2].
struct Rotation {
  at::Tensor cosine, sine;
};

// Frequencies that depend on a row's length take its highest position plus one
// for that, each row by itself: in which batch a row runs makes no difference.
Rotation MakeRotation(const RotaryRecipe& recipe, const PackedRows& batch,
                      const at::TensorOptions& options);

// Turns the first dim numbers of each head: [T, H, K] -> [T, H, K].
at::Tensor Rotate(const Rotation& rotation, const at::Tensor& input_THK);

}  // namespace transformerd
