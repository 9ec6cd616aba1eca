// The modules of a model and how each of them renames keys of checkpoints.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "model/families/family.h"
#include "model/loading/renaming.h"

namespace transformerd {

// One module. Plain data.
struct ModuleNode {
  // Concern names as this module sees them, without the path to it.
  std::vector<Renaming> renamings;
  std::map<std::string, ModuleNode, std::less<>> children;
};

// The modules that hold parameters of these dotted names, with the renamings
// that `rules` give to their paths.
ModuleNode MakeModuleTree(absl::Span<const std::string> parameters,
                          absl::Span<const ModuleRenaming> rules);

// The same with all renamings of a bare module.
ModuleNode MakeModuleTree(absl::Span<const std::string> parameters,
                          const BareModule& bare);

// The path of a child as rules spell it: numbers are "{}".
std::string ChildPath(absl::string_view path, absl::string_view child);

}  // namespace transformerd
