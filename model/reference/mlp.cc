#include "model/reference/mlp.h"

#include <ATen/ops/softmax.h>
#include <ATen/ops/topk.h>
#include <ATen/ops/zeros_like.h>

#include "glog/logging.h"
#include "model/reference/ops.h"

namespace transformerd {
namespace {

// What enters `down`.
at::Tensor Inner(const Mlp& mlp, const MlpRecipe& recipe,
                 const at::Tensor& input_TD) {
  const auto activate = [&](const at::Tensor& x) {
    return Apply(recipe.activation, x);
  };
  switch (recipe.kind) {
    case MlpKind::kPlain:
      return activate(Apply(mlp.up, input_TD));
    case MlpKind::kGated:
      return activate(Apply(mlp.gate, input_TD)).mul(Apply(mlp.up, input_TD));
    case MlpKind::kGatedFused: {
      const at::Tensor both = Apply(mlp.gate_up, input_TD);
      const int64_t size = both.size(-1) / 2;
      return activate(both.narrow(-1, 0, size))
          .mul(both.narrow(-1, size, size));
    }
  }
  LOG(FATAL) << "unknown MlpKind";
}

at::Tensor Apply(const Mlp& mlp, const BlockRecipe& recipe,
                 const at::Tensor& input_TD) {
  const at::Tensor inner = Inner(mlp, recipe.mlp, input_TD);
  const bool is_wide =
      recipe.float32_residual && inner.scalar_type() == at::kHalf;
  return is_wide ? ApplyInFloat32(mlp.down, inner) : Apply(mlp.down, inner);
}

}  // namespace

at::Tensor FeedForward(const Block& block, const BlockRecipe& recipe,
                       const at::Tensor& input_TD) {
  if (!block.router) return Apply(block.mlps.front(), recipe, input_TD);
  CHECK(!recipe.float32_residual) << "no family has both";
  const at::Tensor routed = Apply(*block.router, input_TD).to(at::kFloat);
  const auto [best, experts] =
      at::topk(at::softmax(routed, -1), recipe.mlp.experts_per_token, -1);
  const at::Tensor weights =
      best.div(best.sum(-1, /*keepdim=*/true)).to(input_TD.scalar_type());
  at::Tensor output_TD = at::zeros_like(input_TD);
  for (size_t i = 0; i < block.mlps.size(); ++i) {
    // Where this expert is among a token's best: (token, rank) pairs.
    const at::Tensor places = experts.eq(static_cast<int64_t>(i)).nonzero();
    if (places.size(0) == 0) continue;
    const at::Tensor tokens = places.select(1, 0);
    const at::Tensor weight =
        weights.index_select(0, tokens).gather(1, places.narrow(1, 1, 1));
    output_TD.index_add_(
        0, tokens,
        Apply(block.mlps[i], recipe, input_TD.index_select(0, tokens))
            .mul(weight));
  }
  return output_TD;
}

}  // namespace transformerd
