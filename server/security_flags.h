// The flags about who may connect and call.
#pragma once

#include "absl/status/status.h"
#include "server/security/endpoint_security.h"

namespace transformerd {

// Takes the values of Abseil's flags. INVALID_ARGUMENT where one needs another.
// The files are not looked at.
absl::Status ReadSecurityFlags(SecurityOptions& options);

}  // namespace transformerd
