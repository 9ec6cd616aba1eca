// Runs the examples as programs of their own.
#pragma once

#include <string>

namespace transformerd {

struct ProgramResult {
  std::string output;  // of both streams
  int wait_status = -1;
};

// Runs `command`, a shell's that starts with the name of an example, with
// `input`, which holds no quotes, as its standard input.
ProgramResult RunExample(const std::string& command,
                         const std::string& input = "");

}  // namespace transformerd
