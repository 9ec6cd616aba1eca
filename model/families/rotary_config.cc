#include "model/families/rotary_config.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "model/base/error_details.h"
#include "model/base/quoted.h"
#include "model/base/status_macros.h"
#include "model/families/config_fields.h"

namespace transformerd {
namespace {

using NamedScaling = std::pair<absl::string_view, RotaryScaling>;

constexpr NamedScaling kScalings[] = {
    {"default", RotaryScaling::kNone},
    {"dynamic", RotaryScaling::kDynamic},
    {"linear", RotaryScaling::kLinear},
    {"llama3", RotaryScaling::kLlama3},
    {"longrope", RotaryScaling::kLongRope},
    {"su", RotaryScaling::kLongRope},  // its name in the first Phi-3 files
    {"yarn", RotaryScaling::kYarn},
};

constexpr double kMinTheta = 1.01;
constexpr double kMaxTheta = 1e30;
constexpr double kMaxFactor = 1e6;

absl::StatusOr<RotaryScaling> ReadScaling(const ConfigReader& parameters) {
  const absl::string_view key = parameters.FirstOf({"rope_type", "type"});
  ASSIGN_OR_RETURN(const std::string name, parameters.String(key, "default"));
  // Phi-3's files say yarn for longrope as well.
  if (name == "yarn" && parameters.Has("long_factor")) {
    return RotaryScaling::kLongRope;
  }
  for (const auto& [known, scaling] : kScalings) {
    if (known == name) return scaling;
  }
  const auto name_of = [](std::string* out, const NamedScaling& entry) {
    absl::StrAppend(out, entry.first);
  };
  return LoadError(Reason::kUnsupported,
                   absl::StrCat(parameters.source_name(), ": ", key, "=",
                                Quoted(name), ", expected one of ",
                                absl::StrJoin(kScalings, ", ", name_of)));
}

// A number of the parameters, else one beside them.
absl::StatusOr<double> ReadOutside(const ConfigReader& config,
                                   const ConfigReader& parameters,
                                   absl::string_view key,
                                   absl::string_view outside_key,
                                   double default_value, double min,
                                   double max) {
  return parameters.Has(key)
             ? parameters.Double(key, default_value, min, max)
             : config.Double(outside_key, default_value, min, max);
}

absl::StatusOr<int64_t> ReadDim(const ConfigReader& config,
                                const ConfigReader& parameters,
                                const RotarySource& source) {
  ASSIGN_OR_RETURN(const double part,
                   ReadOutside(config, parameters, "partial_rotary_factor",
                               source.part_key, source.part, 0.0, 1.0));
  if (part != 1 && !source.is_partial) {
    return LoadError(Reason::kUnsupported,
                     absl::StrCat("config.json: partial_rotary_factor=", part,
                                  ", expected 1: the class rotates whole "
                                  "heads"));
  }
  const auto dim =
      static_cast<int64_t>(static_cast<double>(source.head_size) * part);
  // Numbers turn in pairs; an odd one at the end takes the next along.
  if (dim % 2 != 0 && dim == source.head_size) {
    return LoadError(Reason::kConfigInvalid,
                     absl::StrCat("config.json: heads of ", dim,
                                  " numbers cannot be rotated whole, expected "
                                  "an even size"));
  }
  return dim;
}

absl::Status ReadOriginalLength(const ConfigReader& config,
                                const ConfigReader& parameters,
                                const RotarySource& source, RotaryRecipe& out) {
  constexpr absl::string_view kKey = "original_max_position_embeddings";
  out.original_max_position = source.max_position;
  if (out.scaling == RotaryScaling::kDynamic) return absl::OkStatus();
  if (config.Has(kKey) || source.original_max_position) {
    const int64_t otherwise = source.original_max_position.value_or(0);
    ASSIGN_OR_RETURN(out.original_max_position,
                     config.Int(kKey, otherwise, 1, kMaxPositions));
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(out.original_max_position,
                   parameters.Int(kKey, source.max_position, 1, kMaxPositions));
  return absl::OkStatus();
}

absl::Status Absent(const ConfigReader& parameters, absl::string_view key) {
  return LoadError(Reason::kConfigInvalid,
                   absl::StrCat(parameters.source_name(), ": ", key,
                                " is absent, expected a number"));
}

// How much longer than in the training rows may be.
absl::Status ReadFactor(const ConfigReader& parameters, int64_t max_position,
                        RotaryRecipe& out) {
  const double stretch = static_cast<double>(max_position) /
                         static_cast<double>(out.original_max_position);
  if (out.scaling == RotaryScaling::kLongRope) {
    ASSIGN_OR_RETURN(out.factor,
                     parameters.Double("factor", stretch, 0.0, kMaxFactor));
    return absl::OkStatus();
  }
  if (!parameters.Has("factor") && out.scaling != RotaryScaling::kYarn) {
    return Absent(parameters, "factor");
  }
  ASSIGN_OR_RETURN(out.factor,
                   parameters.Double("factor", stretch, 1.0, kMaxFactor));
  return absl::OkStatus();
}

absl::Status ReadLlama3(const ConfigReader& parameters, RotaryRecipe& out) {
  for (absl::string_view key : {"low_freq_factor", "high_freq_factor"}) {
    if (!parameters.Has(key)) return Absent(parameters, key);
  }
  ASSIGN_OR_RETURN(out.low_freq_factor,
                   parameters.Double("low_freq_factor", 1, 1e-6, kMaxFactor));
  ASSIGN_OR_RETURN(out.high_freq_factor,
                   parameters.Double("high_freq_factor", 4, 1e-6, kMaxFactor));
  if (out.high_freq_factor > out.low_freq_factor) return absl::OkStatus();
  return LoadError(
      Reason::kConfigInvalid,
      absl::StrCat(
          parameters.source_name(), ": high_freq_factor=", out.high_freq_factor,
          ", expected more than low_freq_factor=", out.low_freq_factor));
}

// The growth of attention scores with the logarithm of the factor (Peng et al.,
// 2023, equation 22), weighted.
double YarnGrowth(double factor, double weight) {
  return factor <= 1 ? 1 : 0.1 * weight * std::log(factor) + 1;
}

absl::Status ReadYarn(const ConfigReader& parameters, RotaryRecipe& out) {
  const auto read = [&](absl::string_view key) {
    return parameters.Double(key, 0, 0.0, kMaxFactor);
  };
  ASSIGN_OR_RETURN(const double beta_fast, read("beta_fast"));
  ASSIGN_OR_RETURN(const double beta_slow, read("beta_slow"));
  if (beta_fast > 0) out.beta_fast = beta_fast;
  if (beta_slow > 0) out.beta_slow = beta_slow;
  ASSIGN_OR_RETURN(out.truncate, parameters.Bool("truncate", true));
  ASSIGN_OR_RETURN(const double mscale, read("mscale"));
  ASSIGN_OR_RETURN(const double mscale_all_dim, read("mscale_all_dim"));
  const double growth = mscale > 0 && mscale_all_dim > 0
                            ? YarnGrowth(out.factor, mscale) /
                                  YarnGrowth(out.factor, mscale_all_dim)
                            : YarnGrowth(out.factor, 1);
  ASSIGN_OR_RETURN(
      out.attention_factor,
      parameters.Double("attention_factor", growth, 0.0, kMaxFactor));
  return absl::OkStatus();
}

absl::Status ReadLongRope(const ConfigReader& parameters, RotaryRecipe& out) {
  const size_t pairs = static_cast<size_t>((out.dim + 1) / 2);
  ASSIGN_OR_RETURN(out.short_factor, parameters.Doubles("short_factor"));
  ASSIGN_OR_RETURN(out.long_factor, parameters.Doubles("long_factor"));
  for (const auto& [key, factors] :
       {std::make_pair("short_factor", &out.short_factor),
        std::make_pair("long_factor", &out.long_factor)}) {
    const bool fits = factors->size() == pairs &&
                      std::all_of(factors->begin(), factors->end(),
                                  [](double factor) { return factor > 0; });
    if (!fits) {
      return LoadError(
          Reason::kConfigInvalid,
          absl::StrCat(parameters.source_name(), ": ", key, "=[",
                       absl::StrJoin(*factors, ", "), "], expected ", pairs,
                       " positive numbers, one for two that are rotated"));
    }
  }
  const double length = static_cast<double>(out.original_max_position);
  const double growth =
      out.factor <= 1 || length <= 1
          ? 1
          : std::sqrt(1 + std::log(out.factor) / std::log(length));
  ASSIGN_OR_RETURN(
      out.attention_factor,
      parameters.Double("attention_factor", growth, 0.0, kMaxFactor));
  return absl::OkStatus();
}

absl::Status ReadOfScaling(const ConfigReader& parameters, RotaryRecipe& out) {
  switch (out.scaling) {
    case RotaryScaling::kNone:
    case RotaryScaling::kLinear:
      return absl::OkStatus();
    case RotaryScaling::kDynamic:
      if (out.dim > 2) return absl::OkStatus();
      return LoadError(
          Reason::kConfigInvalid,
          absl::StrCat(parameters.source_name(), ": dynamic scaling of ",
                       out.dim, " numbers a head, expected more than 2"));
    case RotaryScaling::kYarn:
      return ReadYarn(parameters, out);
    case RotaryScaling::kLongRope:
      return ReadLongRope(parameters, out);
    case RotaryScaling::kLlama3:
      return ReadLlama3(parameters, out);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ConfigReader> RotaryParameters(const ConfigReader& config) {
  return config.Object(config.FirstOf({"rope_scaling", "rope_parameters"}));
}

absl::StatusOr<ConfigReader> RotaryParametersOf(const ConfigReader& config,
                                                absl::string_view layer_type) {
  ASSIGN_OR_RETURN(const ConfigReader all, config.Object("rope_parameters"));
  if (!all.Has("rope_type") && !all.Has("rope_theta")) {
    return all.Object(layer_type);
  }
  return LoadError(
      Reason::kUnsupported,
      absl::StrCat("config.json: rope_parameters of all layers, "
                   "expected one object ",
                   kFullAttention, " and one ", kSlidingAttention));
}

absl::StatusOr<std::optional<RotaryRecipe>> ReadRotary(
    const ConfigReader& config, const ConfigReader& parameters,
    const RotarySource& source) {
  RotaryRecipe out;
  ASSIGN_OR_RETURN(out.dim, ReadDim(config, parameters, source));
  ASSIGN_OR_RETURN(
      out.theta, ReadOutside(config, parameters, "rope_theta", source.theta_key,
                             source.theta, kMinTheta, kMaxTheta));
  ASSIGN_OR_RETURN(out.scaling, ReadScaling(parameters));
  if (out.dim == 0) return std::optional<RotaryRecipe>();
  if (out.scaling != RotaryScaling::kNone) {
    RETURN_IF_ERROR(ReadOriginalLength(config, parameters, source, out));
    RETURN_IF_ERROR(ReadFactor(parameters, source.max_position, out));
    RETURN_IF_ERROR(ReadOfScaling(parameters, out));
  }
  return std::make_optional(std::move(out));
}

int64_t LongestRow(const RotaryRecipe& rotary, int64_t max_position) {
  const auto stretched = [&](int64_t trained) {
    return static_cast<int64_t>(static_cast<double>(trained) * rotary.factor);
  };
  switch (rotary.scaling) {
    case RotaryScaling::kLinear:
    case RotaryScaling::kDynamic:
      return stretched(max_position);
    case RotaryScaling::kYarn:
      return std::max(max_position, stretched(rotary.original_max_position));
    case RotaryScaling::kNone:
    case RotaryScaling::kLongRope:
    case RotaryScaling::kLlama3:
      break;
  }
  return max_position;
}

absl::Status SetRotary(const ConfigReader& config, RotarySource source,
                       Architecture& out) {
  source.head_size = out.stack.head_size;
  source.max_position = out.max_sequence_length;
  LayerVariant variant;
  ASSIGN_OR_RETURN(const ConfigReader parameters, RotaryParameters(config));
  ASSIGN_OR_RETURN(variant.rotary, ReadRotary(config, parameters, source));
  if (variant.rotary) {
    out.max_sequence_length =
        LongestRow(*variant.rotary, out.max_sequence_length);
  }
  out.stack.variants = {std::move(variant)};
  return absl::OkStatus();
}

}  // namespace transformerd
