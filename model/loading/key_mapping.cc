#include "model/loading/key_mapping.h"

#include <algorithm>
#include <map>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace transformerd {
namespace {

// Is `head` the name, or its beginning up to a dot?
bool IsHeadOf(absl::string_view head, absl::string_view name) {
  return absl::StartsWith(name, head) &&
         (name.size() == head.size() || name[head.size()] == '.');
}

std::vector<Renaming> MostDotsFirst(std::vector<Renaming> renamings) {
  std::stable_sort(renamings.begin(), renamings.end(),
                   [](const Renaming& a, const Renaming& b) {
                     return absl::c_count(a.from, '.') >
                            absl::c_count(b.from, '.');
                   });
  return renamings;
}

// The module's renamings with the caller's over them.
std::vector<Renaming> Overlaid(std::vector<Renaming> renamings,
                               absl::Span<const Renaming> over) {
  for (const Renaming& renaming : over) {
    const auto found =
        absl::c_find_if(renamings, [&renaming](const Renaming& known) {
          return known.from == renaming.from;
        });
    if (found == renamings.end()) {
      renamings.push_back(renaming);
    } else {
      found->to = renaming.to;
    }
  }
  return renamings;
}

}  // namespace

KeyMapping::KeyMapping(const ModuleNode& modules,
                       absl::Span<const Renaming> for_top)
    : modules_(modules),
      for_top_(MostDotsFirst(Overlaid(modules.renamings, for_top))) {}

void KeyMapping::Apply(std::vector<NamedEntry>& keys) {
  ApplyAt(modules_, "", keys);
}

void KeyMapping::ApplyAt(const ModuleNode& module, const std::string& path,
                         std::vector<NamedEntry>& keys) {
  const std::vector<Renaming> renamings =
      &module == &modules_ ? for_top_ : MostDotsFirst(module.renamings);
  absl::flat_hash_set<std::string> names;
  for (const Renaming& renaming : renamings) {
    Rename(renaming, path, keys, names);
  }
  if (module.children.empty()) return;
  // The keys of each child, as the child sees them, and where they came from.
  std::map<absl::string_view, std::vector<NamedEntry>> of_child;
  std::map<absl::string_view, std::vector<size_t>> origins;
  for (size_t i = 0; i < keys.size(); ++i) {
    const absl::string_view name = keys[i].name;
    const size_t dot = name.find('.');
    if (dot == absl::string_view::npos) continue;
    const auto child = module.children.find(name.substr(0, dot));
    if (child == module.children.end()) continue;
    of_child[child->first].push_back(
        {std::string(name.substr(dot + 1)), keys[i].entry});
    origins[child->first].push_back(i);
  }
  for (auto& [name, child_keys] : of_child) {
    ApplyAt(module.children.find(name)->second, ChildPath(path, name),
            child_keys);
    for (size_t i = 0; i < child_keys.size(); ++i) {
      keys[origins[name][i]].name = absl::StrCat(name, ".", child_keys[i].name);
    }
  }
}

void KeyMapping::Rename(const Renaming& renaming, const std::string& path,
                        std::vector<NamedEntry>& keys,
                        absl::flat_hash_set<std::string>& names) {
  for (NamedEntry& key : keys) {
    if (!IsHeadOf(renaming.from, key.name)) continue;
    if (names.empty()) {
      for (const NamedEntry& other : keys) names.insert(other.name);
    }
    std::string renamed =
        absl::StrCat(renaming.to, key.name.substr(renaming.from.size()));
    if (!names.insert(renamed).second) continue;
    names.erase(key.name);
    key.name = std::move(renamed);
    used_.insert({path, {renaming.from, renaming.to}});
  }
}

std::string KeyMapping::NameInFile(absl::string_view parameter) const {
  return NameInFileAt(modules_, "", parameter);
}

std::string KeyMapping::NameInFileAt(const ModuleNode& module,
                                     const std::string& path,
                                     absl::string_view parameter) const {
  std::string name(parameter);
  const size_t dot = parameter.find('.');
  if (dot != absl::string_view::npos) {
    const auto child = module.children.find(parameter.substr(0, dot));
    if (child != module.children.end()) {
      name = absl::StrCat(
          child->first, ".",
          NameInFileAt(child->second, ChildPath(path, child->first),
                       parameter.substr(dot + 1)));
    }
  }
  // Of several that lead here, the one that says most about the name.
  const std::pair<std::string, std::string>* best = nullptr;
  for (auto it = used_.lower_bound({path, {}});
       it != used_.end() && it->first == path; ++it) {
    const auto& [from, to] = it->second;
    if (IsHeadOf(to, name) &&
        (best == nullptr || to.size() > best->second.size())) {
      best = &it->second;
    }
  }
  if (best == nullptr) return name;
  return absl::StrCat(best->first, name.substr(best->second.size()));
}

}  // namespace transformerd
