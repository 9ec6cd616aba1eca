// The smallest modules over ATen.
//
// All functions are pure and thread-safe.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

#include "model/config/block_recipe.h"
#include "model/modules/modules.h"

namespace transformerd {

// [..., in] -> [..., out], in the input's dtype.
at::Tensor Apply(const Linear& linear, const at::Tensor& input);
// The same in float32, whatever the input is.
at::Tensor ApplyInFloat32(const Linear& linear, const at::Tensor& input);
// Over the last dimension. An RMS norm gives what its weights are.
at::Tensor Apply(const Norm& norm, const at::Tensor& input);
// Element by element.
at::Tensor Apply(Activation activation, const at::Tensor& input);

// Absent norms change nothing.
at::Tensor ApplyIfAny(const std::optional<Norm>& norm, const at::Tensor& input);

// Each of the G heads `heads / G` times in a row: [N, G, ...] -> [N, heads,
// ...].
at::Tensor RepeatHeads(const at::Tensor& input, int64_t heads);

// limit * tanh(input / limit); a limit of 0 changes nothing.
at::Tensor SoftCap(double limit, const at::Tensor& input);

}  // namespace transformerd
