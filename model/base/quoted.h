// Names from files and requests, made fit for messages and logs.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace transformerd {

// The name in double quotes, with control characters, quotes and backslashes
// escaped, so that it cannot forge a log line. Long names are cut between
// UTF-8 characters and end in "...".
std::string Quoted(absl::string_view name);

}  // namespace transformerd
