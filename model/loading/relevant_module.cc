#include "model/loading/relevant_module.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace transformerd {

RelevantKeys CutToRelevantModule(std::vector<NamedEntry> keys,
                                 absl::Span<const std::string> candidates) {
  for (const std::string& candidate : candidates) {
    if (candidate.empty()) continue;
    RelevantKeys relevant;
    relevant.prefix = absl::StrCat(candidate, ".");
    for (const NamedEntry& key : keys) {
      if (!absl::StartsWith(key.name, relevant.prefix)) continue;
      relevant.keys.push_back(
          {key.name.substr(relevant.prefix.size()), key.entry});
    }
    if (!relevant.keys.empty()) return relevant;
  }
  return {std::move(keys), ""};
}

}  // namespace transformerd
