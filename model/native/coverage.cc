#include "model/native/coverage.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "model/kernels/layout.h"

namespace transformerd {
namespace {

std::optional<std::string> WhyNotNative(const StackRecipe& stack) {
  if (stack.block.mlp.num_experts > 0 &&
      stack.block.norm_placement == NormPlacement::kSandwich) {
    return "what its experts give is normed";
  }
  const auto& head_norm = stack.block.attention.head_norm;
  if (head_norm && head_norm->kind == NormKind::kLayerNorm) {
    return "its heads have layer norms";
  }
  if (stack.head_size > kernels::kMaxHeadColumns) {
    return absl::StrCat("its heads are wider than ", kernels::kMaxHeadColumns);
  }
  return std::nullopt;
}

// Of an input that int32 cannot hold the sums of.
std::optional<std::string> WhyNotInt8(const Architecture& architecture) {
  int64_t widest = architecture.hidden_size;
  const auto add = [&](const StackRecipe& stack) {
    widest = std::max({widest, stack.intermediate_size,
                       stack.num_attention_heads * stack.head_size});
  };
  add(architecture.stack);
  if (architecture.decoder) add(*architecture.decoder);
  if (widest <= kernels::kMaxInt8Inputs) return std::nullopt;
  return absl::StrCat("in I8 its linears may have ", kernels::kMaxInt8Inputs,
                      " inputs, not ", widest);
}

}  // namespace

std::optional<std::string> WhyNotNative(const Architecture& architecture,
                                        DType dtype) {
  if (dtype != DType::kF32 && dtype != DType::kBF16 && dtype != DType::kI8) {
    return absl::StrCat("it computes in F32, BF16 and I8, not in ",
                        NameOf(dtype));
  }
  if (architecture.seed || !architecture.parts.empty()) {
    return "it is a module of AllenNLP's toolkit";
  }
  if (architecture.head.late_bias && architecture.head.softcap > 0) {
    return "a bias is added to capped logits";
  }
  if (architecture.decoder) {
    const auto why_not = WhyNotNative(*architecture.decoder);
    if (why_not) return why_not;
  }
  const auto why_not = WhyNotNative(architecture.stack);
  if (why_not || dtype != DType::kI8) return why_not;
  return WhyNotInt8(architecture);
}

}  // namespace transformerd
