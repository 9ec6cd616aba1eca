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

// What a rotation is made from.
struct RotationInputs {
  at::Tensor positions;  // int64, [T]
  // double, [1, dim / 2]; one for each row of the batch where they depend on
  // its length.
  at::Tensor frequencies;
  at::Tensor row_of_token;  // int64, [T]; undefined where they do not
};

// On the host. Frequencies that depend on a row's length take its highest
// position plus one for that, each row by itself: in which batch a row runs
// makes no difference.
RotationInputs MakeRotationInputs(const RotaryRecipe& recipe,
                                  const PackedRows& batch);

// In the dtype and on the device of `options`, where the inputs are as well.
Rotation MakeRotation(const RotaryRecipe& recipe, const RotationInputs& inputs,
                      const at::TensorOptions& options);

// Turns the first dim numbers of each head: [T, H, K] -> [T, H, K].
at::Tensor Rotate(const Rotation& rotation, const at::Tensor& input_THK);

}  // namespace transformerd
