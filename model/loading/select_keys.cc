#include "model/loading/select_keys.h"

#include <utility>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "model/base/error_details.h"
#include "model/base/quoted.h"
#include "model/base/status_macros.h"
#include "model/loading/key_filter.h"

namespace transformerd {
namespace {

constexpr char kIgnore[] = "ignore";
constexpr char kStripPrefix[] = "strip_prefix";

absl::Status Refuse(absl::string_view field, absl::string_view message) {
  return WithField(
      absl::InvalidArgumentError(absl::StrCat(field, ": ", message)), field);
}

// Of entries whose names are equal the last one stays, at its own place.
std::vector<NamedEntry> WithoutOverwritten(std::vector<NamedEntry> keys) {
  absl::flat_hash_map<absl::string_view, int> last;
  for (const NamedEntry& key : keys) last[key.name] = key.entry;
  if (last.size() == keys.size()) return keys;
  std::vector<NamedEntry> kept;
  for (const NamedEntry& key : keys) {
    if (last[key.name] == key.entry) kept.push_back(key);
  }
  return kept;
}

}  // namespace

absl::StatusOr<SelectedKeys> SelectKeys(
    absl::Span<const CheckpointEntry> entries,
    const SelectKeysOptions& options) {
  ASSIGN_OR_RETURN(KeyFilter filter,
                   KeyFilter::Create(kIgnore, options.ignore));
  SelectedKeys selected;
  bool is_prefix_used = options.strip_prefix.empty();
  for (int i = 0; i < static_cast<int>(entries.size()); ++i) {
    absl::string_view name = entries[i].key;
    if (filter.Matches(name)) {
      selected.ignored.emplace_back(name);
      continue;
    }
    if (!options.strip_prefix.empty() &&
        absl::ConsumePrefix(&name, options.strip_prefix)) {
      is_prefix_used = true;
      if (name.empty()) {
        return Refuse(kStripPrefix, absl::StrCat("nothing is left of key ",
                                                 Quoted(entries[i].key)));
      }
    }
    selected.keys.push_back({std::string(name), i});
  }
  absl::c_sort(selected.ignored);
  selected.unused_expressions = filter.UnmatchedPatterns();
  if (options.strict && !is_prefix_used) {
    return Refuse(kStripPrefix,
                  absl::StrCat(Quoted(options.strip_prefix), " begins no key"));
  }
  if (options.strict && !selected.unused_expressions.empty()) {
    return Refuse(kIgnore,
                  absl::StrCat(Quoted(selected.unused_expressions.front()),
                               " matches no key of the checkpoint"));
  }
  selected.keys = WithoutOverwritten(std::move(selected.keys));
  return selected;
}

}  // namespace transformerd
