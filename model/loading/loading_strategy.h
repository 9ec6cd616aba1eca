// Who reads a checkpoint when several replicas need it.
#pragma once

#include <optional>

#include "absl/strings/string_view.h"

namespace transformerd {

enum class LoadingStrategy {
  kMemoryEfficient,  // one rank reads for all and broadcasts
  kFreeForAll,       // each rank reads for itself
};

// "memory_efficient", "free_for_all".
absl::string_view NameOf(LoadingStrategy strategy);

// In either case; nothing for another name.
std::optional<LoadingStrategy> LoadingStrategyFromName(absl::string_view name);

// Which rank reads a bucket that is then broadcast.
enum class SourcePolicy {
  kRankZero,    // where one disk or link feeds the machine
  kRoundRobin,  // where each rank has a link of its own
};

}  // namespace transformerd
