#include "server/lifecycle/load_parameters.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "model/base/error_details.h"
#include "model/base/nearest_name.h"
#include "model/base/regular_file.h"
#include "model/base/status_macros.h"
#include "model/config/pooling.h"
#include "model/loading/loading_strategy.h"
#include "model/loading/renaming.h"
#include "nlohmann/json.hpp"

namespace transformerd {
namespace {

// Keeps the order of keys: that of a mapping has a meaning.
using Json = nlohmann::ordered_json;

constexpr int64_t kMaxInt32 = std::numeric_limits<int32_t>::max();
constexpr int64_t kMaxInt64 = std::numeric_limits<int64_t>::max();

// For messages: the value as JSON, cut and free of control characters.
std::string Shown(const Json& value) {
  constexpr size_t kShown = 80;
  std::string text = value.dump(-1, ' ', /*ensure_ascii=*/true,
                                Json::error_handler_t::replace);
  if (text.size() > kShown) text = text.substr(0, kShown) + "...";
  return text;
}

absl::Status Expected(const Json& value, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("is ", Shown(value), ", expected ", what));
}

// Parses JSON without exceptions; discarded for bad text, for nesting that
// nothing here needs, and for an object with a key twice, of which only one
// would count.
Json ParseJson(absl::string_view text) {
  constexpr int kMaxDepth = 32;
  std::map<int, std::set<std::string>> keys;  // of the open object of a depth
  bool valid = true;
  const auto watch = [&](int depth, Json::parse_event_t event,
                         const Json& value) {
    if (depth > kMaxDepth) return valid = false;
    if (event == Json::parse_event_t::object_start) keys[depth + 1].clear();
    if (event == Json::parse_event_t::key &&
        !keys[depth].insert(value.get<std::string>()).second) {
      valid = false;
    }
    return true;
  };
  Json value = Json::parse(text.begin(), text.end(), watch,
                           /*allow_exceptions=*/false);
  return valid ? value : Json(Json::value_t::discarded);
}

// The getters take a value of the wanted type, or a string that spells one:
// command lines know only strings.
absl::StatusOr<std::string> Text(const Json& value) {
  if (!value.is_string()) return Expected(value, "a string");
  return value.get<std::string>();
}

absl::StatusOr<bool> Bool(const Json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value == "true") return true;
  if (value == "false") return false;
  return Expected(value, "true or false");
}

absl::StatusOr<int64_t> Integer(const Json& value, int64_t min, int64_t max) {
  int64_t number = -1;
  const bool is_number =
      value.is_number_unsigned()
          ? value.get<uint64_t>() <= static_cast<uint64_t>(kMaxInt64)
          : value.is_number_integer();
  const bool valid =
      is_number ||
      (value.is_string() &&
       absl::SimpleAtoi(value.get_ref<const std::string&>(), &number));
  if (is_number) number = value.get<int64_t>();
  if (!valid || number < min || number > max) {
    return Expected(value, absl::StrCat("an integer from ", min, " to ", max));
  }
  return number;
}

// Lists and objects: as they are, or as JSON in a string.
Json Spelled(const Json& value) {
  return value.is_string() ? ParseJson(value.get_ref<const std::string&>())
                           : value;
}

absl::StatusOr<std::vector<std::string>> Strings(const Json& value) {
  const Json list = Spelled(value);
  const auto is_string = [](const Json& item) { return item.is_string(); };
  if (!list.is_array() || !std::all_of(list.begin(), list.end(), is_string)) {
    return Expected(value, "a JSON list of strings");
  }
  return list.get<std::vector<std::string>>();
}

absl::StatusOr<std::string> Object(const Json& value) {
  const Json object = Spelled(value);
  if (!object.is_object()) return Expected(value, "a JSON object");
  return object.dump(-1, ' ', /*ensure_ascii=*/false,
                     Json::error_handler_t::replace);
}

// One name, or a list of them.
absl::StatusOr<std::vector<std::string>> NameOrNames(const Json& value) {
  if (value.is_string() &&
      !absl::StartsWith(value.get_ref<const std::string&>(), "[")) {
    return std::vector<std::string>{value.get<std::string>()};
  }
  const absl::StatusOr<std::vector<std::string>> names = Strings(value);
  if (!names.ok()) {
    return Expected(value, "a string or a JSON list of strings");
  }
  return names;
}

absl::StatusOr<std::vector<Renaming>> Renamings(const Json& value) {
  // Each is compared with each key of a checkpoint.
  constexpr size_t kMaxRenamings = 1024;
  const Json object = Spelled(value);
  if (!object.is_object() || object.size() > kMaxRenamings) {
    return Expected(value, absl::StrCat("a JSON object of at most ",
                                        kMaxRenamings, " names"));
  }
  std::vector<Renaming> renamings;
  for (const auto& [from, to] : object.items()) {
    if (from.empty() || !to.is_string() || to == "") {
      return Expected(value, "names to names, none of them empty");
    }
    renamings.push_back({from, to.get<std::string>()});
  }
  return renamings;
}

absl::StatusOr<absl::Duration> Delay(const Json& value) {
  absl::Duration delay;
  if (!value.is_string() ||
      !absl::ParseDuration(value.get_ref<const std::string&>(), &delay) ||
      delay < absl::ZeroDuration() || delay == absl::InfiniteDuration()) {
    return Expected(value, "a duration such as \"5ms\"");
  }
  return delay;
}

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

absl::Status Unsupported(const Json&, ModelOptions&) {
  return absl::UnimplementedError("is not supported by this version");
}

struct Parameter {
  absl::string_view name;
  absl::Status (*set)(const Json& value, ModelOptions& options);
  bool for_calls;  // else only for transformerd.json
};

// clang-format off
constexpr Parameter kParameters[] = {
    {"architecture",       SetArchitecture,    true},
    {"dtype",              SetDtype,           true},
    {"num_hidden_layers",  SetNumHiddenLayers, true},
    {"strict",             SetStrict,          true},
    {"ignore",             SetIgnore,          true},
    {"config",             SetConfig,          true},
    {"pooling",            SetPooling,         true},
    {"relevant_module",    SetRelevantModule,  true},
    {"mapping",            SetMapping,         true},
    {"allow_missing",      SetAllowMissing,    true},
    {"load_weights",       SetLoadWeights,     true},
    {"weights_path",       SetWeightsPath,     true},
    {"parts",              Unsupported,        true},
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

// What is said of a name that is not known.
std::string UnknownName(absl::string_view name, bool for_calls) {
  std::vector<absl::string_view> names;
  for (const Parameter& parameter : kParameters) {
    if (parameter.for_calls || !for_calls) names.push_back(parameter.name);
  }
  const absl::string_view nearest = NearestName(name, names);
  if (nearest.empty()) return "is unknown";
  return absl::StrCat("is unknown, did you mean '", nearest, "'?");
}

absl::Status Apply(absl::string_view name, const Json& value, bool for_calls,
                   ModelOptions& options) {
  const auto* const parameter =
      std::find_if(std::begin(kParameters), std::end(kParameters),
                   [&](const Parameter& known) { return known.name == name; });
  if (parameter == std::end(kParameters)) {
    return absl::InvalidArgumentError(UnknownName(name, for_calls));
  }
  if (for_calls && !parameter->for_calls) {
    return absl::InvalidArgumentError(
        "is set in transformerd.json, not by a call");
  }
  return parameter->set(value, options);
}

std::string ShownName(absl::string_view name) {
  constexpr size_t kShown = 80;
  return absl::StrCat("'", absl::CHexEscape(name.substr(0, kShown)),
                      name.size() > kShown ? "...'" : "'");
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
            "load parameter ", ShownName(name), " ", status.message())),
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
                     absl::StrCat("transformerd.json: ", ShownName(name), " ",
                                  status.message()));
  }
  return absl::OkStatus();
}

}  // namespace transformerd
