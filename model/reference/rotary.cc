#include "model/reference/rotary.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "model/modules/rotary_frequencies.h"
#include "model/reference/tensors.h"

namespace transformerd {

Rotation MakeRotation(const RotaryRecipe& recipe, const PackedRows& batch,
                      const at::TensorOptions& options) {
  const int64_t pairs = (recipe.dim + 1) / 2;
  at::Tensor cosine = at::empty({batch.num_tokens(), 1, pairs}, at::kFloat);
  at::Tensor sine = at::empty_like(cosine);
  float* cosines = cosine.mutable_data_ptr<float>();
  float* sines = sine.mutable_data_ptr<float>();
  const bool by_length = recipe.scaling == RotaryScaling::kDynamic ||
                         recipe.scaling == RotaryScaling::kLongRope;
  std::vector<double> frequencies;
  for (int64_t s = 0; s < batch.num_sequences(); ++s) {
    const auto begin = batch.position_ids.begin() + batch.sequence_offsets[s];
    const auto end = begin + batch.length(s);
    if (by_length || frequencies.empty()) {
      frequencies =
          RotaryFrequencies(recipe, *std::max_element(begin, end) + 1);
    }
    for (auto position = begin; position != end; ++position) {
      for (const double frequency : frequencies) {
        const double angle = static_cast<double>(*position) * frequency;
        *cosines++ =
            static_cast<float>(std::cos(angle) * recipe.attention_factor);
        *sines++ =
            static_cast<float>(std::sin(angle) * recipe.attention_factor);
      }
    }
  }
  const at::ScalarType dtype = c10::typeMetaToScalarType(options.dtype());
  const std::vector<at::Tensor> sent =
      ToDevice({cosine.to(dtype), sine.to(dtype)}, options.device());
  return {sent[0], sent[1]};
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
