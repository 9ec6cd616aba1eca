// The part of a checkpoint that a module is loaded from.
#pragma once

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "model/loading/named_entry.h"

namespace transformerd {

struct RelevantKeys {
  std::vector<NamedEntry> keys;
  // What was cut off all of them, such as "bert.encoder."; empty where no
  // candidate was found.
  std::string prefix;
};

// The first candidate that any name begins with, up to a dot, is the one: the
// names under it are kept, without it. Where there is none all keys stay as
// they are. Candidates are tried in order; an empty one is never found.
RelevantKeys CutToRelevantModule(std::vector<NamedEntry> keys,
                                 absl::Span<const std::string> candidates);

}  // namespace transformerd
