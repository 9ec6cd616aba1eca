// Keys of a checkpoint under the names of the module that they are for.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "model/loading/module_tree.h"
#include "model/loading/named_entry.h"
#include "model/loading/renaming.h"

namespace transformerd {

// Renames keys along a tree of modules: at each module by its renamings, at the
// top by the caller's over them (one for the same `from` replaces the module's,
// others come behind); then, for each child, what lies under the child's name
// by the child's own renamings.
//
// At one module the renamings with most dots go first, equal ones in their
// order. No name is ever overwritten: a key whose new name is there already
// keeps its old one.
class KeyMapping {
 public:
  // `modules` must outlive the object.
  KeyMapping(const ModuleNode& modules, absl::Span<const Renaming> for_top);

  // Renames in place and notes what was of use. Names differ before and after.
  void Apply(std::vector<NamedEntry>& keys);

  // The reverse for a parameter that no key was found for: the name that a
  // file of the kind seen by Apply would have it under.
  std::string NameInFile(absl::string_view parameter) const;

 private:
  // A module's path as rules spell it, and one of its renamings.
  using UsedRenaming =
      std::pair<std::string, std::pair<std::string, std::string>>;

  void ApplyAt(const ModuleNode& module, const std::string& path,
               std::vector<NamedEntry>& keys);
  // `names` are those of `keys`, collected when a renaming first needs them.
  void Rename(const Renaming& renaming, const std::string& path,
              std::vector<NamedEntry>& keys,
              absl::flat_hash_set<std::string>& names);
  std::string NameInFileAt(const ModuleNode& module, const std::string& path,
                           absl::string_view parameter) const;

  const ModuleNode& modules_;
  std::vector<Renaming> for_top_;
  std::set<UsedRenaming> used_;
};

}  // namespace transformerd
