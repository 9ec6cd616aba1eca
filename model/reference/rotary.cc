// Shapes: T tokens, P pairs of numbers that are rotated.
#include "model/reference/rotary.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "model/modules/rotary_frequencies.h"
#include "model/reference/tensors.h"

namespace transformerd {

RotationInputs MakeRotationInputs(const RotaryRecipe& recipe,
                                  const PackedRows& batch) {
  const bool by_length = recipe.scaling == RotaryScaling::kDynamic ||
                         recipe.scaling == RotaryScaling::kLongRope;
  std::vector<double> frequencies;
  std::vector<int64_t> row_of_token;
  for (int64_t s = 0; s < (by_length ? batch.num_sequences() : 1); ++s) {
    const auto begin = batch.position_ids.begin() + batch.sequence_offsets[s];
    const auto end = begin + batch.length(s);
    const std::vector<double> row =
        RotaryFrequencies(recipe, *std::max_element(begin, end) + 1);
    frequencies.insert(frequencies.end(), row.begin(), row.end());
    row_of_token.insert(row_of_token.end(), batch.length(s), s);
  }
  const int64_t pairs = (recipe.dim + 1) / 2;
  RotationInputs inputs;
  inputs.positions = TensorOf(absl::MakeConstSpan(batch.position_ids));
  inputs.frequencies =
      at::from_blob(frequencies.data(),
                    {static_cast<int64_t>(frequencies.size()) / pairs, pairs},
                    at::kDouble)
          .clone();
  if (by_length) {
    inputs.row_of_token = CopyOf(row_of_token);
  }
  return inputs;
}

Rotation MakeRotation(const RotaryRecipe& recipe, const RotationInputs& inputs,
                      const at::TensorOptions& options) {
  const at::Tensor frequency_TP =
      inputs.row_of_token.defined()
          ? inputs.frequencies.index_select(0, inputs.row_of_token)
          : inputs.frequencies;
  const at::Tensor angle_TP =
      inputs.positions.to(at::kDouble).unsqueeze(1).mul(frequency_TP);
  const auto finish = [&](const at::Tensor& x_TP) {
    return x_TP.mul(recipe.attention_factor)
        .to(at::kFloat)
        .to(c10::typeMetaToScalarType(options.dtype()))
        .unsqueeze(1);
  };
  return {finish(angle_TP.cos()), finish(angle_TP.sin())};
}

at::Tensor Rotate(const Rotation& rotation, const at::Tensor& input_THK) {
  const int64_t pairs = rotation.cosine.size(-1);
  const at::Tensor first = input_THK.narrow(-1, 0, pairs);
  const at::Tensor second = input_THK.narrow(-1, pairs, pairs);
  std::vector<at::Tensor> parts = {
      first.mul(rotation.cosine).sub(second.mul(rotation.sine)),
      second.mul(rotation.cosine).add(first.mul(rotation.sine))};
  const int64_t rest = input_THK.size(-1) - 2 * pairs;
  if (rest > 0) parts.push_back(input_THK.narrow(-1, 2 * pairs, rest));
  return at::cat(parts, -1);
}

}  // namespace transformerd
