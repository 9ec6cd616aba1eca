// The names of a family's parameters, looked up from either side.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "model/families/family.h"

namespace transformerd {

// Immutable; both look-ups take time proportional to the name's length.
class RuleTable {
 public:
  // `base_prefix` is what the file at hand puts before keys of the base model:
  // the family's own prefix, or nothing. Layers are [0, num_layers).
  RuleTable(const Family& family, absl::string_view base_prefix,
            int64_t num_layers);

  // The keys under which a file may hold the parameter `slot_name`, the
  // preferred one first; empty where no rule names its module.
  std::vector<std::string> CandidateKeys(absl::string_view slot_name) const;

  // True where some part of the family has a parameter or buffer of this key.
  bool Knows(absl::string_view key) const;

 private:
  void Add(absl::string_view prefix, const ParameterRule& rule);
  // Is `name` in `patterns`, as it stands or with its layer number as "{}"?
  bool Matches(const absl::flat_hash_set<std::string>& patterns,
               absl::string_view name) const;

  int64_t num_layers_;
  // Pattern of a module -> patterns of its keys (without leaf), in rule order.
  absl::flat_hash_map<std::string, std::vector<std::string>> keys_of_module_;
  absl::flat_hash_set<std::string> known_modules_;
  absl::flat_hash_set<std::string> known_buffers_;
};

}  // namespace transformerd
