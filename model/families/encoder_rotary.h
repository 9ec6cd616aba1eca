// Rotary position embeddings in the config.json files of encoders.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "model/config/block_recipe.h"
#include "model/config/config_reader.h"

namespace transformerd {

// The base of rotations under a key of its own, as older files have it.
absl::StatusOr<double> ReadRotaryTheta(const ConfigReader& config,
                                       absl::string_view key,
                                       double default_value);

// The rotation of whole heads of `dim` numbers that `parameters` describes, an
// object such as rope_parameters, with `default_theta` where it names no base.
// Errors: CONFIG_INVALID for wrong values and heads of odd size; UNSUPPORTED
// for a scaling.
absl::StatusOr<RotaryRecipe> ReadRotary(const ConfigReader& parameters,
                                        int64_t dim, double default_theta);

}  // namespace transformerd
