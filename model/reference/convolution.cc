// Shapes: T tokens of all rows, D hidden, R rows of the same length, n tokens
// of one row.
#include "model/reference/convolution.h"

#include <ATen/ops/conv1d.h>
#include <ATen/ops/empty_like.h>

#include "model/reference/ops.h"
#include "model/reference/tensors.h"

namespace transformerd {
namespace {

// The rows of a group, [R, n, D] of [T, D].
at::Tensor RowsOf(const RowGroup& group, const at::Tensor& x_TD) {
  return x_TD.narrow(0, group.first_token, group.rows * group.length)
      .unflatten(0, {group.rows, group.length});
}

}  // namespace

at::Tensor Convolve(const Convolution& convolution,
                    const ConvolutionRecipe& recipe,
                    const AttentionContext& context, const at::Tensor& input_TD,
                    const at::Tensor& output_TD) {
  at::Tensor convolved_TD = at::empty_like(input_TD);
  for (const RowGroup& group : context.groups()) {
    at::Tensor rows_RnD = RowsOf(group, input_TD);
    if (group.has_mask) {
      rows_RnD =
          rows_RnD.masked_fill(context.MaskedTokens(group).unsqueeze(-1), 0);
    }
    const at::Tensor convolved_RDn =
        at::conv1d(rows_RnD.transpose(1, 2), TensorOf(*convolution.weight),
                   TensorOf(*convolution.bias), /*stride=*/1,
                   /*padding=*/(recipe.kernel_size - 1) / 2, /*dilation=*/1,
                   recipe.groups);
    RowsOf(group, convolved_TD).copy_(convolved_RDn.transpose(1, 2));
  }
  at::Tensor normed_TD = Apply(
      convolution.norm, output_TD.add(Apply(recipe.activation, convolved_TD)));
  for (const RowGroup& group : context.groups()) {
    if (!group.has_mask) continue;
    RowsOf(group, normed_TD)
        .masked_fill_(context.MaskedTokens(group).unsqueeze(-1), 0);
  }
  return normed_TD;
}

}  // namespace transformerd
