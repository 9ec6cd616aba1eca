#include "model/reference/block.h"

#include "glog/logging.h"
#include "model/reference/attention.h"
#include "model/reference/mlp.h"
#include "model/reference/ops.h"

namespace transformerd {

at::Tensor Apply(const Block& block, int64_t layer, AttentionContext& context,
                 const at::Tensor& input_TD, at::Tensor* probabilities,
                 const CrossInput* cross) {
  const BlockRecipe& recipe = context.recipe().block;
  const auto attend = [&](const at::Tensor& x_TD) {
    return Attend(block.attention, layer, context, x_TD, probabilities);
  };
  const auto feed_forward = [&](const at::Tensor& x_TD) {
    return FeedForward(block, recipe, x_TD);
  };
  const auto attend_across = [&](const at::Tensor& x_TD) {
    return AttendAcross(*block.cross_attention, cross->context, cross->memory,
                        x_TD, cross->probabilities);
  };
  CHECK_EQ(block.cross_attention.has_value(), cross != nullptr);
  switch (recipe.norm_placement) {
    case NormPlacement::kPost: {
      at::Tensor x_TD =
          ApplyIfAny(block.attention_norm, input_TD.add(attend(input_TD)));
      if (block.cross_attention) {
        x_TD = ApplyIfAny(block.cross_attention_norm,
                          x_TD.add(attend_across(x_TD)));
      }
      return ApplyIfAny(block.mlp_norm, x_TD.add(feed_forward(x_TD)));
    }
    case NormPlacement::kPre: {
      at::Tensor x_TD =
          input_TD.add(attend(ApplyIfAny(block.attention_norm, input_TD)));
      if (block.cross_attention) {
        x_TD = x_TD.add(
            attend_across(ApplyIfAny(block.cross_attention_norm, x_TD)));
      }
      return x_TD.add(feed_forward(ApplyIfAny(block.mlp_norm, x_TD)));
    }
    case NormPlacement::kParallel:
      CHECK(!block.cross_attention);
      return input_TD.add(attend(ApplyIfAny(block.attention_norm, input_TD)))
          .add(feed_forward(ApplyIfAny(block.mlp_norm, input_TD)));
    case NormPlacement::kSandwich: {
      CHECK(!block.cross_attention);
      const at::Tensor x_TD = input_TD.add(
          ApplyIfAny(block.attention_output_norm,
                     attend(ApplyIfAny(block.attention_norm, input_TD))));
      return x_TD.add(
          ApplyIfAny(block.mlp_output_norm,
                     feed_forward(ApplyIfAny(block.mlp_norm, x_TD))));
    }
  }
  LOG(FATAL) << "unknown NormPlacement";
}

}  // namespace transformerd
