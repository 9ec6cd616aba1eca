// Load parameters: from RepositoryModelLoad and from transformerd.json to the
// options of a load. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "model/base/dtype.h"
#include "model/runtime/loaded_model.h"
#include "server/lifecycle/serving_options.h"

namespace transformerd {

// A value as the protocol carries it; lists and objects are JSON in a string.
using LoadParameter = std::variant<std::string, bool, int64_t>;
using LoadParameters = std::map<std::string, LoadParameter, std::less<>>;

// All that one model is loaded and served with.
struct ModelOptions {
  LoadOptions load;
  ServingOptions serving;
};

// "auto" is nothing; "float32", "bfloat16", "float16", "int8". INVALID_ARGUMENT
// for other names.
absl::StatusOr<std::optional<DType>> ParseDtype(absl::string_view name);

// Sets what a call's parameters name and leaves the rest of `options` as it
// is. INVALID_ARGUMENT, with the parameter as its field, for a name that is
// unknown (with the nearest known one), not supported by this version, or not
// for callers to set, and for a value of the wrong type or range; `options` is
// then unspecified.
absl::Status ApplyLoadParameters(const LoadParameters& parameters,
                                 ModelOptions& options);

// The same for the text of a model's transformerd.json, in which lists and
// objects are plain JSON and the limits of ServingOptions may stand as well.
// FAILED_PRECONDITION with reason CONFIG_INVALID, naming the key.
absl::Status ApplyModelFile(absl::string_view json, ModelOptions& options);

}  // namespace transformerd
