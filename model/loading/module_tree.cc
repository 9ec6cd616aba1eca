#include "model/loading/module_tree.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace transformerd {
namespace {

bool IsNumber(absl::string_view component) {
  return !component.empty() &&
         std::all_of(component.begin(), component.end(), absl::ascii_isdigit);
}

// Gives every module its renamings; `path` is a pattern.
void AddRenamings(absl::Span<const ModuleRenaming> rules,
                  const std::string& path, ModuleNode& module) {
  for (const ModuleRenaming& rule : rules) {
    if (rule.module == path) {
      module.renamings.push_back(
          {std::string(rule.from), std::string(rule.to)});
    }
  }
  for (auto& [name, child] : module.children) {
    AddRenamings(rules, ChildPath(path, name), child);
  }
}

// Gives every module at the part's path, and those under it, their renamings.
void AddPart(const PartRenamings& part, const std::string& path,
             ModuleNode& module) {
  if (part.module == path) {
    AddRenamings(part.renamings, "", module);
    return;
  }
  for (auto& [name, child] : module.children) {
    AddPart(part, ChildPath(path, name), child);
  }
}

}  // namespace

std::string ChildPath(absl::string_view path, absl::string_view child) {
  const absl::string_view name = IsNumber(child) ? "{}" : child;
  return path.empty() ? std::string(name) : absl::StrCat(path, ".", name);
}

ModuleNode MakeModuleTree(absl::Span<const std::string> parameters,
                          absl::Span<const ModuleRenaming> rules) {
  ModuleNode top;
  for (const std::string& parameter : parameters) {
    std::vector<absl::string_view> path = absl::StrSplit(parameter, '.');
    path.pop_back();  // the parameter itself
    ModuleNode* module = &top;
    for (absl::string_view name : path) {
      module = &module->children[std::string(name)];
    }
  }
  AddRenamings(rules, "", top);
  return top;
}

ModuleNode MakeModuleTree(absl::Span<const std::string> parameters,
                          const BareModule& bare) {
  ModuleNode top = MakeModuleTree(parameters, bare.renamings);
  for (const PartRenamings& part : bare.parts) AddPart(part, "", top);
  return top;
}

}  // namespace transformerd
