// The command line client as a function.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace transformerd {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;  // the call failed
inline constexpr int kExitUsage = 2;   // wrong command, flag or argument

// Runs `words` (without the program's name) and returns the exit code. Results
// go to `out`, errors and progress to `err`. `default_server` is the value of
// TRANSFORMERD_SERVER, empty where it is not set.
int RunTransformerctl(const std::vector<std::string>& words,
                      const std::string& default_server, std::ostream& out,
                      std::ostream& err, bool err_is_terminal = false);

}  // namespace transformerd
