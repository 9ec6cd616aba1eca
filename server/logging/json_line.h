// One line of the log as JSON.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/logging/log_fields.h"

namespace transformerd {

struct LogLine {
  absl::Time time;
  absl::string_view severity;  // "INFO"
  absl::string_view file;      // "server.cc"
  int line = 0;
  int thread = 0;  // the system's number
  absl::string_view message;
};

// An object with time (RFC 3339, UTC), severity, file, line, thread, message
// and the fields, without an end of line in or behind it; invalid UTF-8 is
// replaced. `fields` may be null; where the message ends with their text, that
// is left out there.
std::string ToJsonLine(const LogLine& line, const LogFields* fields);

}  // namespace transformerd
