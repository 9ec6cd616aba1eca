#include "model/reference/mlp.h"

#include <ATen/ops/softmax.h>
#include <ATen/ops/topk.h>
#include <ATen/ops/zeros_like.h>

#include "glog/logging.h"
#include "model/reference/ops.h"

namespace transformerd {
namespace {

at::Tensor Apply(const Mlp& mlp, const MlpRecipe& recipe,
                 const at::Tensor& input_TD) {
  const auto activate = [&](const at::Tensor& x) {
    return Apply(recipe.activation, x);
  };
  switch (recipe.kind) {
    case MlpKind::kPlain:
      return Apply(mlp.down, activate(Apply(mlp.up, input_TD)));
    case MlpKind::kGated:
      return Apply(
          mlp.down,
          activate(Apply(mlp.gate, input_TD)).mul(Apply(mlp.up, input_TD)));
    case MlpKind::kGatedFused: {
      const at::Tensor both = Apply(mlp.gate_up, input_TD);
      const int64_t size = both.size(-1) / 2;
      return Apply(
          mlp.down,
          activate(both.narrow(-1, 0, size)).mul(both.narrow(-1, size, size)));
    }
  }
  LOG(FATAL) << "unknown MlpKind";
}

}  // namespace

at::Tensor FeedForward(const Block& block, const MlpRecipe& recipe,
                       const at::Tensor& input_TD) {
  if (!block.router) return Apply(block.mlps.front(), recipe, input_TD);
  const at::Tensor routed = Apply(*block.router, input_TD).to(at::kFloat);
  const auto [best, experts] =
      at::topk(at::softmax(routed, -1), recipe.experts_per_token, -1);
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
