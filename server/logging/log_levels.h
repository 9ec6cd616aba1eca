// Which lines the log has, while the daemon runs.
#pragma once

namespace transformerd {

// Of the process, as the log is. Fatal lines come all the same, and those that
// LogFields::Insist on it.
struct LogLevels {
  bool info = true;
  bool warning = true;
  bool error = true;
};

// Both are thread-safe.
LogLevels GetLogLevels();
void SetLogLevels(const LogLevels& levels);

}  // namespace transformerd
