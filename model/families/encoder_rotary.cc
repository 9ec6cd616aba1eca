#include "model/families/encoder_rotary.h"

#include "absl/strings/str_cat.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"
#include "model/families/required_values.h"

namespace transformerd {

absl::StatusOr<double> ReadRotaryTheta(const ConfigReader& config,
                                       absl::string_view key,
                                       double default_value) {
  // A base above it turns the slowest pairs by less than a float can tell.
  constexpr double kMax = 1e15;
  return config.Double(key, default_value, 1, kMax);
}

absl::StatusOr<RotaryRecipe> ReadRotary(const ConfigReader& parameters,
                                        int64_t dim, double default_theta) {
  // Older files call it "type".
  RETURN_IF_ERROR(RequireString(
      parameters, parameters.FirstOf({"rope_type", "type"}), "default"));
  RETURN_IF_ERROR(RequireDouble(parameters, "partial_rotary_factor", 1));
  RotaryRecipe rotary;
  rotary.dim = dim;
  ASSIGN_OR_RETURN(rotary.theta,
                   ReadRotaryTheta(parameters, "rope_theta", default_theta));
  if (dim % 2 != 0) {
    return LoadError(Reason::kConfigInvalid,
                     absl::StrCat(parameters.source_name(), ": heads of ", dim,
                                  " numbers cannot be rotated, expected an "
                                  "even size"));
  }
  return rotary;
}

}  // namespace transformerd
