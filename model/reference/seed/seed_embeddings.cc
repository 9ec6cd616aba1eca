#include "model/reference/seed/seed_embeddings.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>

#include "model/reference/ops.h"
#include "model/reference/tensors.h"

namespace transformerd {
namespace {

// The positions of tokens that a request gives none for.
at::Tensor Positions(const TransformerEmbeddingsRecipe& recipe,
                     const TextInput& input) {
  const at::Tensor index_T = at::arange(input.ids.size(1), input.ids.options());
  if (!recipe.position_pad_token_id) return index_T.expand(input.ids.sizes());
  // Indices, not a count of the tokens that the mask shows: a token behind a
  // hole keeps the position that it has without the hole.
  const at::Tensor mask_BT =
      input.mask.defined() ? input.mask.to(at::kLong)
                           : input.ids.ne(recipe.pad_token_id).to(at::kLong);
  return index_T.add(1).mul(mask_BT).add(*recipe.position_pad_token_id);
}

}  // namespace

at::Tensor Embed(const TransformerEmbeddingsModule& module,
                 const TextInput& input) {
  at::Tensor sum = at::embedding(TensorOf(*module.word), input.ids);
  if (module.position != nullptr) {
    const at::Tensor positions = input.position_ids.defined()
                                     ? input.position_ids
                                     : Positions(module.recipe, input);
    sum = sum.add(at::embedding(TensorOf(*module.position), positions));
  }
  if (module.token_type != nullptr) {
    const at::Tensor types =
        input.type_ids.defined() ? input.type_ids : at::zeros_like(input.ids);
    sum = sum.add(at::embedding(TensorOf(*module.token_type), types));
  }
  const at::Tensor normed = Apply(module.layer_norm, sum);
  return module.linear_transform ? Apply(*module.linear_transform, normed)
                                 : normed;
}

at::Tensor Embed(const ImageFeatureEmbeddingsModule& module,
                 const at::Tensor& features, const at::Tensor& boxes) {
  return Apply(
      module.layer_norm,
      Apply(module.image, features).add(Apply(module.location, boxes)));
}

at::Tensor Pool(const TransformerPoolerModule& module,
                const at::Tensor& states) {
  return Apply(module.activation, Apply(module.dense, states.select(1, 0)));
}

void Run(const TransformerEmbeddingsModule& module, SeedCall& call) {
  TextInput input;
  input.ids = call.Get("input_ids");
  input.mask = call.Get("attention_mask");
  if (module.token_type != nullptr) input.type_ids = call.Get("token_type_ids");
  if (module.position != nullptr) {
    input.position_ids = call.Get("position_ids");
  }
  call.Give("embeddings", Embed(module, input));
}

void Run(const ImageFeatureEmbeddingsModule& module, SeedCall& call) {
  call.Give("embeddings",
            Embed(module, call.Get("image_features"), call.Get("locations")));
}

// All sines, then all cosines, of geometrically spaced frequencies (Vaswani et
// al., 2017); a number that is left over is 0.
void Run(const SinusoidalPositionalEncodingModule& module, SeedCall& call) {
  const SinusoidalPositionalEncodingRecipe& recipe = module.recipe;
  const at::Tensor states = call.Get("hidden_states");
  const int64_t width = states.size(2);
  const int64_t frequencies = width / 2;
  const double step = std::log(recipe.max_timescale / recipe.min_timescale) /
                      static_cast<double>(frequencies - 1);
  const at::TensorOptions options = states.options().dtype(at::kFloat);
  const at::Tensor frequency =
      at::exp(at::arange(frequencies, options).mul(-step))
          .mul(recipe.min_timescale);
  const at::Tensor angles =
      at::arange(states.size(1), options).unsqueeze(1).mul(frequency);
  const at::Tensor encoding = at::constant_pad_nd(
      at::cat({at::sin(angles), at::cos(angles)}, 1), {0, width % 2});
  call.Give("output", states.add(encoding));
}

void Run(const TransformerPoolerModule& module, SeedCall& call) {
  call.Give("pooled", Pool(module, call.Get("hidden_states")));
}

}  // namespace transformerd
