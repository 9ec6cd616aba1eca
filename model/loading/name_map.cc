#include "model/loading/name_map.h"

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "model/base/quoted.h"
#include "model/base/status_macros.h"
#include "model/loading/checkpoint_keys.h"
#include "model/loading/key_filter.h"
#include "model/loading/module_tree.h"
#include "model/loading/named_entry.h"
#include "model/loading/rule_table.h"

namespace transformerd {
namespace {

using Slots = absl::Span<const std::unique_ptr<ParameterSlot>>;
using Entries = absl::Span<const CheckpointEntry>;

std::vector<std::string> NamesOf(Slots slots) {
  std::vector<std::string> names;
  names.reserve(slots.size());
  for (const auto& slot : slots) names.push_back(slot->name());
  return names;
}

std::vector<std::string> Strings(absl::Span<const absl::string_view> names) {
  return {names.begin(), names.end()};
}

// What the caller asked for, with the bare module's own where he did not.
NameMapOptions WithDefaults(NameMapOptions options, const Family& family) {
  const BareModule none;
  const BareModule& bare = family.bare == nullptr ? none : *family.bare;
  if (!options.ignore) options.ignore = Strings(bare.ignore);
  if (!options.allow_missing) {
    // What may be missing is what another model has none of.
    options.allow_missing = options.is_own_checkpoint
                                ? std::vector<std::string>()
                                : Strings(bare.allow_missing);
  }
  if (options.relevant_module.empty() && !options.is_own_checkpoint) {
    options.relevant_module = Strings(bare.relevant_modules);
  }
  return options;
}

// The prefix that this file puts before the keys of the base model.
absl::string_view PrefixInFile(const Family& family,
                               absl::Span<const NamedEntry> keys) {
  const auto is_used = [&](absl::string_view prefix) {
    return absl::c_any_of(keys, [&](const NamedEntry& key) {
      return absl::StartsWith(key.name, prefix);
    });
  };
  if (is_used(family.base_prefix)) return family.base_prefix;
  const auto other = absl::c_find_if(family.other_prefixes, is_used);
  return other == family.other_prefixes.end() ? "" : *other;
}

// The modules that the slots' own names spell, which rename keys; only those of
// bare modules do.
ModuleNode ModulesOf(const Family& family, Slots slots) {
  if (family.bare == nullptr) return {};
  const RuleTable rules(family, "", NamesOf(slots));
  std::vector<std::string> names;
  for (const auto& slot : slots) {
    const std::vector<std::string> found = rules.CandidateKeys(slot->name());
    if (!found.empty()) names.push_back(found.front());
  }
  return MakeModuleTree(names, *family.bare);
}

// Makes one NameMap, step by step, in the order of Build().
class NameMapBuilder {
 public:
  NameMapBuilder(const Family& family, const RuleTable& rules, Slots slots,
                 Entries entries, const CheckpointKeys& keys)
      : family_(family),
        rules_(rules),
        slots_(slots),
        entries_(entries),
        keys_(keys),
        slot_of_entry_(entries.size(), -1) {
    for (const NamedEntry& key : keys.keys()) {
      entry_of_name_.emplace(key.name, key.entry);
    }
  }

  absl::StatusOr<NameMap> Build(KeyFilter& allowed) {
    map_.slots.resize(slots_.size());
    for (int slot = 0; slot < num_slots(); ++slot) {
      RETURN_IF_ERROR(ClaimEntry(slot));
    }
    LeaveOutAbsentGroups();
    RETURN_IF_ERROR(Tie());
    ListMissing(allowed);
    ListUnclaimed();
    return std::move(map_);
  }

 private:
  int num_slots() const { return static_cast<int>(slots_.size()); }

  absl::Status ClaimEntry(int slot) {
    const std::string& name = slots_[slot]->name();
    const std::vector<std::string> candidates = rules_.CandidateKeys(name);
    if (candidates.empty()) {
      return absl::InternalError(absl::StrCat(
          "no rule of the family names the module of slot \"", name, "\""));
    }
    names_.push_back(candidates.front());
    SlotMapping& mapping = map_.slots[slot];
    mapping.key = keys_.NameInFile(candidates.front());
    for (const std::string& candidate : candidates) {
      const auto found = entry_of_name_.find(candidate);
      if (found == entry_of_name_.end()) continue;
      const auto& [key, entry] = *found;
      int& owner = slot_of_entry_[entry];
      if (owner != -1) {
        return absl::InternalError(
            absl::StrCat("key \"", key, "\" is taken by both slots \"",
                         slots_[owner]->name(), "\" and \"", name, "\""));
      }
      owner = slot;
      mapping = {SlotSource::kEntry, entry, entries_[entry].key};
      break;
    }
    return absl::OkStatus();
  }

  void LeaveOutAbsentGroups() {
    absl::btree_map<absl::string_view, std::vector<int>> groups;
    for (int slot = 0; slot < num_slots(); ++slot) {
      const std::string& group = slots_[slot]->optional_group();
      if (!group.empty()) groups[group].push_back(slot);
    }
    for (const auto& [group, members] : groups) {
      const bool is_absent = absl::c_all_of(members, [this](int slot) {
        return map_.slots[slot].source == SlotSource::kMissing;
      });
      if (!is_absent) continue;
      for (int slot : members) map_.slots[slot].source = SlotSource::kLeftOut;
      map_.warnings.push_back(
          absl::StrCat("the checkpoint has no ", group,
                       ": it is left out, with what it would give"));
    }
  }

  // Where one of two tied slots has no key it shares the storage of the other;
  // where both are missing the one that is tied to is reported alone.
  absl::Status Tie() {
    absl::flat_hash_map<absl::string_view, int> slot_of_name;
    for (int slot = 0; slot < num_slots(); ++slot) {
      slot_of_name.emplace(slots_[slot]->name(), slot);
    }
    for (int slot = 0; slot < num_slots(); ++slot) {
      SlotMapping& mapping = map_.slots[slot];
      const std::string& target = slots_[slot]->tied_to();
      if (target.empty()) continue;
      const auto found = slot_of_name.find(target);
      if (found == slot_of_name.end() ||
          !slots_[found->second]->tied_to().empty()) {
        return absl::InternalError(
            absl::StrCat("slot \"", slots_[slot]->name(), "\" is tied to \"",
                         target, "\", which is no slot of its own"));
      }
      SlotMapping& original = map_.slots[found->second];
      if (mapping.source == SlotSource::kEntry &&
          original.source == SlotSource::kMissing) {
        std::swap(mapping, original);
      }
      if (mapping.source == SlotSource::kMissing) {
        mapping.source = SlotSource::kTied;
        mapping.index = found->second;
      }
    }
    return absl::OkStatus();
  }

  void ListMissing(KeyFilter& allowed) {
    for (int slot = 0; slot < num_slots(); ++slot) {
      const SlotMapping& mapping = map_.slots[slot];
      if (mapping.source != SlotSource::kMissing) continue;
      (MayBeMissing(names_[slot], allowed) ? map_.allowed_missing
                                           : map_.missing)
          .push_back(mapping.key);
    }
    absl::c_sort(map_.missing);
    absl::c_sort(map_.allowed_missing);
  }

  // `name` has the prefix of this file; the class itself may have the other
  // form.
  bool MayBeMissing(absl::string_view name, KeyFilter& allowed) const {
    return allowed.Matches(name) ||
           allowed.Matches(absl::StripPrefix(name, family_.base_prefix)) ||
           allowed.Matches(absl::StrCat(family_.base_prefix, name));
  }

  void ListUnclaimed() {
    for (const NamedEntry& key : keys_.keys()) {
      if (slot_of_entry_[key.entry] != -1) continue;
      const bool is_known = family_.bare == nullptr && rules_.Knows(key.name);
      (is_known ? map_.unused : map_.unexpected)
          .push_back(entries_[key.entry].key);
    }
    absl::c_sort(map_.unused);
    absl::c_sort(map_.unexpected);
  }

  const Family& family_;
  const RuleTable& rules_;
  const Slots slots_;
  const Entries entries_;
  const CheckpointKeys& keys_;
  absl::flat_hash_map<absl::string_view, int> entry_of_name_;
  std::vector<int> slot_of_entry_;  // -1: not claimed
  std::vector<std::string> names_;  // of the model, one a slot
  NameMap map_;
};

// What people should know about the keys.
std::vector<std::string> WarningsAbout(const CheckpointKeys& keys,
                                       const NameMapOptions& asked,
                                       bool lacks_relevant_module) {
  std::vector<std::string> warnings;
  for (const std::string& expression : keys.unused_expressions()) {
    // Those of a bare module are for some of its checkpoints.
    if (!asked.ignore) break;
    warnings.push_back(absl::StrCat("ignore: ", Quoted(expression),
                                    " matches no key of the checkpoint"));
  }
  if (lacks_relevant_module) {
    warnings.push_back(
        "relevant_module: no key of the checkpoint stands under it");
  }
  return warnings;
}

}  // namespace

absl::StatusOr<NameMap> NameMap::Create(const Family& family, Slots slots,
                                        Entries entries,
                                        const NameMapOptions& asked) {
  const NameMapOptions options = WithDefaults(asked, family);
  const ModuleNode modules = ModulesOf(family, slots);
  ASSIGN_OR_RETURN(
      const CheckpointKeys keys,
      CheckpointKeys::Create(
          entries, modules,
          {*options.ignore, options.relevant_module, options.mapping}));
  ASSIGN_OR_RETURN(KeyFilter allowed,
                   KeyFilter::Create("allow_missing", *options.allow_missing));
  const RuleTable rules(family, PrefixInFile(family, keys.keys()),
                        NamesOf(slots));
  NameMapBuilder builder(family, rules, slots, entries, keys);
  ASSIGN_OR_RETURN(NameMap map, builder.Build(allowed));
  map.ignored = keys.ignored();
  map.lacks_relevant_module =
      !asked.relevant_module.empty() && !keys.has_relevant_module();
  const std::vector<std::string> warnings =
      WarningsAbout(keys, asked, map.lacks_relevant_module);
  map.warnings.insert(map.warnings.begin(), warnings.begin(), warnings.end());
  return map;
}

NameMap NameMap::WithoutCheckpoint(Slots slots) {
  NameMap map;
  absl::flat_hash_map<absl::string_view, int> slot_of_name;
  for (const auto& slot : slots) {
    slot_of_name.emplace(slot->name(), static_cast<int>(slot_of_name.size()));
  }
  for (const auto& slot : slots) {
    SlotMapping mapping;
    mapping.key = slot->name();
    if (!slot->tied_to().empty()) {
      mapping.source = SlotSource::kTied;
      mapping.index = slot_of_name.at(slot->tied_to());
    }
    map.slots.push_back(std::move(mapping));
  }
  return map;
}

}  // namespace transformerd
