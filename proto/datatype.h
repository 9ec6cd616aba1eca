// Element types by the names that the Open Inference Protocol gives them.
#pragma once

#include <optional>

#include "absl/strings/string_view.h"
#include "model/base/dtype.h"

namespace transformerd {

// The protocol's name for strings, for which there is no DType.
inline constexpr char kBytesDatatype[] = "BYTES";

// "INT64", "FP32", "BF16" and so on; empty for the types that the protocol
// lacks.
absl::string_view DatatypeName(DType dtype);

// The reverse; nothing for BYTES and for unknown names.
std::optional<DType> DTypeFromDatatype(absl::string_view datatype);

}  // namespace transformerd
