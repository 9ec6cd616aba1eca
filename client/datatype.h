// Element types by the names that the Open Inference Protocol gives them.
#pragma once

#include <optional>

#include "absl/strings/string_view.h"
#include "model/base/dtype.h"

namespace transformerd {

// The protocol's name of strings, which are no DType.
inline constexpr absl::string_view kStringDatatype = "BYTES";

// "INT64", "FP32", ...; nothing for the types that the protocol lacks.
std::optional<absl::string_view> DatatypeOf(DType dtype);

// The reverse; nothing for BYTES and for an unknown name.
std::optional<DType> DTypeFromDatatype(absl::string_view datatype);

}  // namespace transformerd
