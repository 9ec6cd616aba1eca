// Which models the native engine runs.
#pragma once

#include <optional>
#include <string>

#include "model/base/dtype.h"
#include "model/config/architecture.h"

namespace transformerd {

// Why not this one, as the end of a sentence ("... is not run by the native
// engine: <reason>"); nothing where it is.
std::optional<std::string> WhyNotNative(const Architecture& architecture,
                                        DType dtype);

}  // namespace transformerd
