// The smallest modules over ATen.
//
// All functions are pure and thread-safe.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "model/config/block_recipe.h"
#include "model/modules/modules.h"

namespace transformerd {

// [..., in] -> [..., out].
at::Tensor Apply(const Linear& linear, const at::Tensor& input);
// Over the last dimension.
at::Tensor Apply(const Norm& norm, const at::Tensor& input);
// Element by element.
at::Tensor Apply(Activation activation, const at::Tensor& input);

// Absent norms change nothing.
at::Tensor ApplyIfAny(const std::optional<Norm>& norm, const at::Tensor& input);

// limit * tanh(input / limit); a limit of 0 changes nothing.
at::Tensor SoftCap(double limit, const at::Tensor& input);

}  // namespace transformerd
