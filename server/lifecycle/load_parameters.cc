#include "server/lifecycle/load_parameters.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "model/base/error_details.h"
#include "model/base/nearest_name.h"
#include "model/base/regular_file.h"
#include "model/base/status_macros.h"
#include "model/config/pooling.h"
#include "model/loading/loading_strategy.h"
#include "model/loading/renaming.h"
#include "server/lifecycle/model_name.h"
#include "server/lifecycle/parameter_values.h"

namespace transformerd {
namespace {

using parameter_values::Bool;
using parameter_values::Delay;
using parameter_values::Expected;
using parameter_values::Integer;
using parameter_values::Json;
using parameter_values::NameOrNames;
using parameter_values::Object;
using parameter_values::ParseJson;
using parameter_values::Renamings;
using parameter_values::Spelled;
using parameter_values::Strings;
using parameter_values::Text;

constexpr int64_t kMaxInt32 = std::numeric_limits<int32_t>::max();
constexpr int64_t kMaxInt64 = std::numeric_limits<int64_t>::max();

absl::Status SetArchitecture(const Json& value, ModelOptions& options) {
  ASSIGN_OR_RETURN(options.load.architecture, Text(value));
  return absl::OkStatus();
}

absl::Status SetDtype(const Json& value, ModelOptions& options) {
  ASSIGN_OR_RETURN(const std::string name, Text(value));
  ASSIGN_OR_RETURN(options.load.dtype, ParseDtype(name));
  return absl::OkStatus();
}

absl::Status SetNumHiddenLayers(const Json& value, ModelOptions& options) {
  ASSIGN_OR_RETURN(options.load.num_hidden_layers,
                   Integer(value, 1, kMaxInt32));
  return absl::OkStatus();
}

absl::Status SetStrict(const Json& value, ModelOptions& options) {
  ASSIGN_OR_RETURN(options.load.strict, Bool(value));
  return absl::OkStatus();
}

absl::Status SetRelevantModule(const Json& value, ModelOptions& options) {
  ASSIGN_OR_RETURN(options.load.relevant_module, NameOrNames(value));
  return absl::OkStatus();
}

absl::Status SetMapping(const Json& value, ModelOptions& options) {
  ASSIGN_OR_RETURN(options.load.mapping, Renamings(value));
  return absl::OkStatus();
}

absl::Status SetAllowMissing(const Json& value, ModelOptions& options) {
  ASSIGN_OR_RETURN(options.load.allow_missing, Strings(value));
  return absl::OkStatus();
}

absl::Status SetLoadWeights(const Json& value, ModelOptions& options) {
  ASSIGN_OR_RETURN(options.load.load_weights, Bool(value));
  return absl::OkStatus();
}

absl::Status SetWeightsPath(const Json& value, ModelOptions& options) {
  ASSIGN_OR_RETURN(const std::string name, Text(value));
  if (!IsFileName(name)) {
    return Expected(value, "the name of a file in the model's folder");
  }
  options.load.weights_path = name;
  return absl::OkStatus();
}

absl::Status SetIgnore(const Json& value, ModelOptions& options) {
  ASSIGN_OR_RETURN(options.load.ignore, Strings(value));
  return absl::OkStatus();
}

absl::Status SetConfig(const Json& value, ModelOptions& options) {
  ASSIGN_OR_RETURN(options.load.config_override, Object(value));
  return absl::OkStatus();
}

absl::Status SetPooling(const Json& value, ModelOptions& options) {
  ASSIGN_OR_RETURN(const std::string name, Text(value));
  options.load.pooling = PoolingKindFromName(name);
  if (options.load.pooling.has_value()) return absl::OkStatus();
  return Expected(value, "one of mean, cls, last, none");
}

absl::Status SetLoadingStrategy(const Json& value, ModelOptions& options) {
  ASSIGN_OR_RETURN(const std::string name, Text(value));
  options.load.loading_strategy = LoadingStrategyFromName(name);
  if (options.load.loading_strategy.has_value()) return absl::OkStatus();
  return Expected(value, "memory_efficient or free_for_all");
}

template <int64_t ServingOptions::*field, int64_t max>
absl::Status SetLimit(const Json& value, ModelOptions& options) {
  ASSIGN_OR_RETURN(options.serving.*field, Integer(value, 1, max));
  return absl::OkStatus();
}

absl::Status SetMaxQueueDelay(const Json& value, ModelOptions& options) {
  ASSIGN_OR_RETURN(options.serving.max_queue_delay, Delay(value));
  return absl::OkStatus();
}

absl::Status SetParts(const Json& value, ModelOptions& options);

absl::Status Unsupported(const Json&, ModelOptions&) {
  return absl::UnimplementedError("is not supported by this version");
}

// Keys of a part beside the parameters that are for parts as well.
constexpr absl::string_view kModule = "module";
constexpr absl::string_view kCheckpoint = "checkpoint";
constexpr absl::string_view kVersion = "version";

struct Parameter {
  absl::string_view name;
  absl::Status (*set)(const Json& value, ModelOptions& options);
  bool for_calls;  // else only for transformerd.json
  bool in_parts = false;
};

// clang-format off
constexpr Parameter kParameters[] = {
    {"architecture",       SetArchitecture,    true},
    {"dtype",              SetDtype,           true},
    {"num_hidden_layers",  SetNumHiddenLayers, true, true},
    {"strict",             SetStrict,          true, true},
    {"ignore",             SetIgnore,          true, true},
    {"config",             SetConfig,          true, true},
    {"pooling",            SetPooling,         true},
    {"relevant_module",    SetRelevantModule,  true, true},
    {"mapping",            SetMapping,         true, true},
    {"allow_missing",      SetAllowMissing,    true, true},
    {"load_weights",       SetLoadWeights,     true},
    {"weights_path",       SetWeightsPath,     true, true},
    {"parts",              SetParts,           true},
    {"replace",            Unsupported,        true},
    {"devices",            Unsupported,        true},
    {"loading_strategy",   SetLoadingStrategy, true},
    {"max_batch_tokens",   SetLimit<&ServingOptions::max_batch_tokens, kMaxInt64>,   false},
    {"max_batch_requests", SetLimit<&ServingOptions::max_batch_requests, kMaxInt32>, false},
    {"max_queue_requests", SetLimit<&ServingOptions::max_queue_requests, kMaxInt64>, false},
    {"max_queue_tokens",   SetLimit<&ServingOptions::max_queue_tokens, kMaxInt64>,   false},
    {"max_queue_delay",    SetMaxQueueDelay,   false},
};
// clang-format on

const Parameter* FindParameter(absl::string_view name) {
  const auto* const found =
      std::find_if(std::begin(kParameters), std::end(kParameters),
                   [&](const Parameter& known) { return known.name == name; });
  return found == std::end(kParameters) ? nullptr : found;
}

// What is said of a name that is none of those known.
std::string UnknownName(absl::string_view name,
                        const std::vector<absl::string_view>& known) {
  const absl::string_view nearest = NearestName(name, known);
  if (nearest.empty()) return "is unknown";
  return absl::StrCat("is unknown, did you mean '", nearest, "'?");
}

absl::Status Apply(absl::string_view name, const Json& value, bool for_calls,
                   ModelOptions& options) {
  const Parameter* const parameter = FindParameter(name);
  if (parameter == nullptr) {
    std::vector<absl::string_view> known;
    for (const Parameter& other : kParameters) {
      if (other.for_calls || !for_calls) known.push_back(other.name);
    }
    return absl::InvalidArgumentError(UnknownName(name, known));
  }
  if (for_calls && !parameter->for_calls) {
    return absl::InvalidArgumentError(
        "is set in transformerd.json, not by a call");
  }
  return parameter->set(value, options);
}

// One key of a part, which goes to `part` or, where it is a parameter of loads
// as well, to `options`.
absl::Status ApplyToPart(absl::string_view name, const Json& value,
                         PartOptions& part, ModelOptions& options) {
  if (name == kModule) return SetArchitecture(value, options);
  if (name == kCheckpoint) {
    ASSIGN_OR_RETURN(part.checkpoint, Text(value));
    return CheckModelName(part.checkpoint);
  }
  if (name == kVersion) {
    ASSIGN_OR_RETURN(part.version, Integer(value, 1, kMaxInt64));
    return absl::OkStatus();
  }
  const Parameter* const parameter = FindParameter(name);
  if (parameter != nullptr && parameter->in_parts) {
    return parameter->set(value, options);
  }
  std::vector<absl::string_view> known = {kModule, kCheckpoint, kVersion};
  for (const Parameter& other : kParameters) {
    if (other.in_parts) known.push_back(other.name);
  }
  return absl::InvalidArgumentError(UnknownName(name, known));
}

absl::StatusOr<PartOptions> Part(const Json& value) {
  if (!value.is_object()) return Expected(value, "a JSON object");
  PartOptions part;
  ModelOptions options;
  for (const auto& [name, member] : value.items()) {
    const absl::Status status = ApplyToPart(name, member, part, options);
    if (!status.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(QuotedName(name), " ", status.message()));
    }
  }
  static_cast<ModuleOptions&>(part) = std::move(options.load);
  for (const auto& [name, given] :
       {std::pair(kModule, !part.architecture.empty()),
        std::pair(kCheckpoint, !part.checkpoint.empty())}) {
    if (given) continue;
    return absl::InvalidArgumentError(absl::StrCat("'", name, "' is missing"));
  }
  return part;
}

absl::Status SetParts(const Json& value, ModelOptions& options) {
  constexpr size_t kMaxParts = 64;
  const Json list = Spelled(value);
  if (!list.is_array() || list.empty() || list.size() > kMaxParts) {
    return Expected(value,
                    absl::StrCat("a JSON list of 1 to ", kMaxParts, " parts"));
  }
  options.load.parts.clear();
  for (const Json& item : list) {
    absl::StatusOr<PartOptions> part = Part(item);
    if (!part.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("at index ", options.load.parts.size(), ": ",
                       part.status().message()));
    }
    options.load.parts.push_back(*std::move(part));
  }
  return absl::OkStatus();
}

Json ToJson(const LoadParameter& value) {
  return std::visit([](const auto& held) { return Json(held); }, value);
}

}  // namespace

absl::StatusOr<std::optional<DType>> ParseDtype(absl::string_view name) {
  if (name == "auto") return std::optional<DType>();
  if (name == "float32") return std::optional<DType>(DType::kF32);
  if (name == "bfloat16") return std::optional<DType>(DType::kBF16);
  if (name == "float16") return std::optional<DType>(DType::kF16);
  if (name == "int8") return std::optional<DType>(DType::kI8);
  return Expected(Json(std::string(name)),
                  "one of auto, float32, bfloat16, float16, int8");
}

absl::Status ApplyLoadParameters(const LoadParameters& parameters,
                                 ModelOptions& options) {
  for (const auto& [name, value] : parameters) {
    absl::Status status =
        absl::StartsWith(name, "file:")
            ? absl::InvalidArgumentError(
                  "is refused: files come from the repository only")
            : Apply(name, ToJson(value), /*for_calls=*/true, options);
    if (status.ok()) continue;
    return WithField(
        absl::InvalidArgumentError(absl::StrCat(
            "load parameter ", QuotedName(name), " ", status.message())),
        name);
  }
  return absl::OkStatus();
}

absl::Status ApplyModelFile(absl::string_view json, ModelOptions& options) {
  const Json file = ParseJson(json);
  if (!file.is_object()) {
    return LoadError(Reason::kConfigInvalid,
                     "transformerd.json is not a JSON object with unique keys");
  }
  for (const auto& [name, value] : file.items()) {
    const absl::Status status =
        Apply(name, value, /*for_calls=*/false, options);
    if (status.ok()) continue;
    return LoadError(Reason::kConfigInvalid,
                     absl::StrCat("transformerd.json: ", QuotedName(name), " ",
                                  status.message()));
  }
  return absl::OkStatus();
}

}  // namespace transformerd
