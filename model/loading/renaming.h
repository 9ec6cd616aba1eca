// What a module calls something that a checkpoint calls otherwise.
#pragma once

#include <string>

namespace transformerd {

// Concerns the name `from` and every name that begins with `from` and a dot:
// that head becomes `to`.
struct Renaming {
  std::string from;
  std::string to;
};

}  // namespace transformerd
