// The flags of transformerctl about the connection to its server.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/client.h"
#include "client/commands/command.h"

namespace transformerd {

// The variable that holds the default server.
inline constexpr absl::string_view kServerVariable = "TRANSFORMERD_SERVER";

// `flags` holds the values by flag name. Reads the files that they name.
// UsageError with the flag for a wrong value, a file that cannot be read, or
// one flag that needs another.
absl::StatusOr<ClientOptions> ReadConnectionFlags(
    const std::map<std::string, std::vector<std::string>>& flags,
    const std::string& default_server);

}  // namespace transformerd
