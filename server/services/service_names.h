// The gRPC services by the names that clients, probes and metrics know.
#pragma once

#include "absl/strings/string_view.h"

namespace transformerd {

inline constexpr absl::string_view kInferenceService =
    "inference.GRPCInferenceService";
inline constexpr absl::string_view kTextService = "transformerd.v1.TextService";
inline constexpr absl::string_view kModelService =
    "transformerd.v1.ModelService";

}  // namespace transformerd
