#include "model/reference/ops.h"

#include <ATen/ops/clamp.h>
#include <ATen/ops/erf.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/hardswish.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/mish.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/tanh.h>

#include <cmath>
#include <optional>
#include <vector>

#include "glog/logging.h"
#include "model/reference/tensors.h"

namespace transformerd {
namespace {

// Computed in float, as the models were trained.
at::Tensor RmsNorm(const Norm& norm, const at::Tensor& input) {
  const at::Tensor x = input.to(at::kFloat);
  const at::Tensor normed =
      x.mul(at::rsqrt(x.square().mean(-1, /*keepdim=*/true).add(norm.eps)));
  const at::Tensor weight = TensorOf(*norm.weight);
  if (norm.kind == NormKind::kRmsNormPlusOne) {
    return normed.mul(weight.to(at::kFloat).add(1)).to(weight.scalar_type());
  }
  return normed.to(weight.scalar_type()).mul(weight);
}

at::Tensor ApplyAs(at::ScalarType dtype, const Linear& linear,
                   const at::Tensor& input) {
  at::Tensor weight = TensorOf(*linear.weight).to(dtype);
  if (linear.in_out) weight = weight.t();
  const at::Tensor x = input.to(dtype);
  if (linear.bias == nullptr) return at::linear(x, weight);
  return at::linear(x, weight, TensorOf(*linear.bias).to(dtype));
}

}  // namespace

at::Tensor Apply(const Linear& linear, const at::Tensor& input) {
  return ApplyAs(input.scalar_type(), linear, input);
}

at::Tensor ApplyInFloat32(const Linear& linear, const at::Tensor& input) {
  return ApplyAs(at::kFloat, linear, input);
}

at::Tensor Apply(const Norm& norm, const at::Tensor& input) {
  if (norm.kind != NormKind::kLayerNorm) return RmsNorm(norm, input);
  const auto tensor_of = [](const ParameterSlot* slot) {
    return slot == nullptr ? std::optional<at::Tensor>()
                           : std::make_optional(TensorOf(*slot));
  };
  return at::layer_norm(input, {input.size(-1)}, tensor_of(norm.weight),
                        tensor_of(norm.bias), norm.eps);
}

at::Tensor Apply(Activation activation, const at::Tensor& input) {
  switch (activation) {
    case Activation::kGelu:
      return at::gelu(input);
    case Activation::kGelu10:
      return at::clamp(at::gelu(input), -10, 10);
    case Activation::kGeluTanh:
      return at::gelu(input, "tanh");
    case Activation::kHardSwish:
      return at::hardswish(input);
    case Activation::kIdentity:
      return input;
    case Activation::kLaplace:
      return at::erf(input.sub(0.707107).div(0.282095 * std::sqrt(2.0)))
          .add(1)
          .mul(0.5);
    case Activation::kLeakyRelu:
      return at::leaky_relu(input);
    case Activation::kMish:
      return at::mish(input);
    case Activation::kQuickGelu:
      return input.mul(at::sigmoid(input.mul(1.702)));
    case Activation::kRelu:
      return at::relu(input);
    case Activation::kRelu2:
      return at::relu(input).square();
    case Activation::kRelu6:
      return at::clamp(input, 0, 6);
    case Activation::kSigmoid:
      return at::sigmoid(input);
    case Activation::kSilu:
      return at::silu(input);
    case Activation::kSqrtSoftplus:
      return at::softplus(input).sqrt();
    case Activation::kTanh:
      return at::tanh(input);
  }
  LOG(FATAL) << "unknown activation";
}

at::Tensor ApplyIfAny(const std::optional<Norm>& norm,
                      const at::Tensor& input) {
  return norm ? Apply(*norm, input) : input;
}

at::Tensor RepeatHeads(const at::Tensor& input, int64_t heads) {
  const int64_t times = heads / input.size(1);
  if (times == 1) return input;
  std::vector<int64_t> sizes(input.dim() + 1, -1);  // as they are
  sizes[2] = times;
  return input.unsqueeze(2).expand(sizes).flatten(1, 2);
}

at::Tensor SoftCap(double limit, const at::Tensor& input) {
  if (limit == 0) return input;
  return at::tanh(input.div(limit)).mul(limit);
}

}  // namespace transformerd
