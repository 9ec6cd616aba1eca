// The names of a family's parameters, looked up from either side.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "model/families/family.h"

namespace transformerd {

// Immutable; both look-ups take time proportional to the name's length.
class RuleTable {
 public:
  // `base_prefix` is what the file at hand puts before keys of the base model:
  // the family's own prefix, or nothing. `slot_names` are those of the model.
  RuleTable(const Family& family, absl::string_view base_prefix,
            const std::vector<std::string>& slot_names);

  // The keys under which a file may hold the parameter `slot_name`, the
  // preferred one first; empty where no rule names its module.
  std::vector<std::string> CandidateKeys(absl::string_view slot_name) const;

  // True for keys that a file of this family may have beyond those that fill
  // the model's slots: buffers, second names of a slot, and modules that the
  // model has none of, such as another head. One layer too many is not known.
  bool Knows(absl::string_view key) const;

 private:
  // The rules of one kind, and what they speak of.
  struct Index {
    // Pattern of a name -> patterns of its keys, in rule order.
    absl::flat_hash_map<std::string, std::vector<std::string>> keys_of_name;
    // The reverse.
    absl::flat_hash_map<std::string, std::vector<std::string>> names_of_key;
    // Patterns of the names that the model has.
    absl::flat_hash_set<std::string> present;
  };

  void Add(absl::string_view prefix, const ParameterRule& rule);
  bool IsBuffer(absl::string_view key) const;
  bool IsInOtherModule(absl::string_view key) const;
  bool KnowsModuleOf(absl::string_view key) const;
  bool KnowsParameter(absl::string_view key) const;

  // Slots are called as the checkpoint calls them.
  const bool has_own_names_;
  Index modules_;  // names and keys without leaf
  Index parameters_;
  absl::flat_hash_set<std::string> buffers_;
  const absl::Span<const absl::string_view> other_modules_;
  absl::flat_hash_set<std::string> slot_names_;
};

}  // namespace transformerd
