#include "model/loading/loading_strategy.h"

#include "absl/strings/match.h"
#include "glog/logging.h"

namespace transformerd {
namespace {

constexpr LoadingStrategy kStrategies[] = {LoadingStrategy::kMemoryEfficient,
                                           LoadingStrategy::kFreeForAll};

}  // namespace

absl::string_view NameOf(LoadingStrategy strategy) {
  switch (strategy) {
    case LoadingStrategy::kMemoryEfficient:
      return "memory_efficient";
    case LoadingStrategy::kFreeForAll:
      return "free_for_all";
  }
  LOG(FATAL) << "no loading strategy " << static_cast<int>(strategy);
  return "";
}

std::optional<LoadingStrategy> LoadingStrategyFromName(absl::string_view name) {
  for (const LoadingStrategy strategy : kStrategies) {
    if (absl::EqualsIgnoreCase(name, NameOf(strategy))) return strategy;
  }
  return std::nullopt;
}

}  // namespace transformerd
