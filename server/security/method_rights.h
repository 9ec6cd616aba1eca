// Which right a call needs.
#pragma once

#include <optional>

#include "absl/strings/string_view.h"
#include "server/security/auth_tokens.h"

namespace transformerd {

// `path` is "/inference.GRPCInferenceService/ModelInfer". Nothing: health,
// which everybody may ask for. Methods that are not known here need kAdmin, so
// that a new one is open to nobody by mistake.
std::optional<Right> RightFor(absl::string_view path);

}  // namespace transformerd
