// A tensor of a checkpoint under the name that a module may have for it.
#pragma once

#include <string>

namespace transformerd {

struct NamedEntry {
  std::string name;
  int entry = 0;  // index into CheckpointReader::entries()
};

}  // namespace transformerd
