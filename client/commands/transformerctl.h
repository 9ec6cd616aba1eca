// The command line client as a function.
#pragma once

#include <istream>
#include <ostream>
#include <string>
#include <vector>

namespace transformerd {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;  // the call failed
inline constexpr int kExitUsage = 2;   // wrong command, flag or argument

struct Console {
  std::istream& in;
  std::ostream& out;  // results
  std::ostream& err;  // errors and progress
  int columns = 80;   // of the terminal that shows `out`, if one does
  bool err_is_terminal = false;
};

// Runs `words` (without the program's name) and returns the exit code.
// `default_server` is the value of TRANSFORMERD_SERVER, empty where it is not
// set.
int RunTransformerctl(const std::vector<std::string>& words,
                      const std::string& default_server,
                      const Console& console);

}  // namespace transformerd
