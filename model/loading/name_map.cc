#include "model/loading/name_map.h"

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "model/base/quoted.h"
#include "model/base/status_macros.h"
#include "model/loading/key_filter.h"
#include "model/loading/key_mapping.h"
#include "model/loading/module_tree.h"
#include "model/loading/named_entry.h"
#include "model/loading/relevant_module.h"
#include "model/loading/rule_table.h"
#include "model/loading/select_keys.h"

namespace transformerd {
namespace {

constexpr char kAllowMissing[] = "allow_missing";

using Slots = absl::Span<const std::unique_ptr<ParameterSlot>>;
using Entries = absl::Span<const CheckpointEntry>;

std::vector<std::string> Strings(absl::Span<const absl::string_view> names) {
  return {names.begin(), names.end()};
}

// What the caller asked for, with the bare module's own where he did not.
NameMapOptions WithDefaults(NameMapOptions options, const Family& family) {
  const BareModule none;
  const BareModule& bare = family.bare == nullptr ? none : *family.bare;
  if (!options.ignore) options.ignore = Strings(bare.ignore);
  if (!options.allow_missing)
    options.allow_missing = Strings(bare.allow_missing);
  if (options.relevant_module.empty()) {
    options.relevant_module = Strings(bare.relevant_modules);
  }
  return options;
}

// The prefix that this file puts before the keys of the base model.
absl::string_view PrefixInFile(const Family& family,
                               absl::Span<const NamedEntry> keys) {
  for (const NamedEntry& key : keys) {
    if (absl::StartsWith(key.name, family.base_prefix)) {
      return family.base_prefix;
    }
  }
  return "";
}

// The modules that the slots' own names spell, which rename keys; only those of
// bare modules do.
ModuleNode ModulesOf(const Family& family, const Architecture& architecture,
                     Slots slots) {
  if (family.bare == nullptr) return {};
  const RuleTable rules(family, "", architecture.num_hidden_layers);
  std::vector<std::string> names;
  for (const auto& slot : slots) {
    const std::vector<std::string> found = rules.CandidateKeys(slot->name());
    if (!found.empty()) names.push_back(found.front());
  }
  return MakeModuleTree(names, family.bare->renamings);
}

// Makes one NameMap, step by step, in the order of Build().
class NameMapBuilder {
 public:
  NameMapBuilder(const Family& family, const Architecture& architecture,
                 Slots slots, Entries entries)
      : family_(family),
        architecture_(architecture),
        slots_(slots),
        entries_(entries),
        modules_(ModulesOf(family, architecture, slots)),
        slot_of_entry_(entries.size(), -1) {}

  absl::StatusOr<NameMap> Build(const NameMapOptions& asked) {
    const NameMapOptions options = WithDefaults(asked, family_);
    RETURN_IF_ERROR(NameKeys(options, !asked.relevant_module.empty()));
    ASSIGN_OR_RETURN(KeyFilter allowed,
                     KeyFilter::Create(kAllowMissing, *options.allow_missing));
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

  // From the file's keys to names of the model.
  absl::Status NameKeys(const NameMapOptions& options,
                        bool is_relevant_module_asked) {
    SelectKeysOptions select;
    select.ignore = *options.ignore;
    select.strict = false;
    ASSIGN_OR_RETURN(SelectedKeys selected, SelectKeys(entries_, select));
    map_.ignored = std::move(selected.ignored);
    for (const std::string& unused : selected.unused_expressions) {
      map_.warnings.push_back(absl::StrCat(
          "ignore: ", Quoted(unused), " matches no key of the checkpoint"));
    }
    RelevantKeys relevant =
        CutToRelevantModule(std::move(selected.keys), options.relevant_module);
    prefix_ = std::move(relevant.prefix);
    map_.lacks_relevant_module = is_relevant_module_asked && prefix_.empty();
    if (map_.lacks_relevant_module) {
      map_.warnings.push_back(absl::StrCat(
          "relevant_module: no key of the checkpoint stands under ",
          absl::StrJoin(options.relevant_module, ", ",
                        [](std::string* out, const std::string& name) {
                          absl::StrAppend(out, Quoted(name));
                        })));
    }
    keys_ = std::move(relevant.keys);
    mapping_ = std::make_unique<KeyMapping>(modules_, options.mapping);
    mapping_->Apply(keys_);
    for (const NamedEntry& key : keys_) entry_of_name_[key.name] = key.entry;
    rules_ = std::make_unique<RuleTable>(family_, PrefixInFile(family_, keys_),
                                         architecture_.num_hidden_layers);
    return absl::OkStatus();
  }

  absl::Status ClaimEntry(int slot) {
    const std::string& name = slots_[slot]->name();
    const std::vector<std::string> candidates = rules_->CandidateKeys(name);
    if (candidates.empty()) {
      return absl::InternalError(absl::StrCat(
          "no rule of the family names the module of slot \"", name, "\""));
    }
    SlotMapping& mapping = map_.slots[slot];
    names_.push_back(candidates.front());
    for (const std::string& candidate : candidates) {
      const auto found = entry_of_name_.find(candidate);
      if (found == entry_of_name_.end()) continue;
      int& owner = slot_of_entry_[found->second];
      if (owner != -1) {
        return absl::InternalError(
            absl::StrCat("key \"", candidate, "\" is taken by both slots \"",
                         slots_[owner]->name(), "\" and \"", name, "\""));
      }
      owner = slot;
      mapping = {SlotSource::kEntry, found->second,
                 entries_[found->second].key};
      return absl::OkStatus();
    }
    mapping.key =
        absl::StrCat(prefix_, mapping_->NameInFile(candidates.front()));
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
                       ": it is left out, with its output"));
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
    for (const NamedEntry& key : keys_) {
      if (slot_of_entry_[key.entry] != -1) continue;
      const bool is_known = family_.bare == nullptr && rules_->Knows(key.name);
      (is_known ? map_.unused : map_.unexpected)
          .push_back(entries_[key.entry].key);
    }
    absl::c_sort(map_.unused);
    absl::c_sort(map_.unexpected);
  }

  const Family& family_;
  const Architecture& architecture_;
  const Slots slots_;
  const Entries entries_;
  const ModuleNode modules_;
  // Set by NameKeys.
  std::vector<NamedEntry> keys_;
  std::string prefix_;  // of the relevant module
  std::unique_ptr<KeyMapping> mapping_;
  std::unique_ptr<RuleTable> rules_;
  absl::flat_hash_map<absl::string_view, int> entry_of_name_;
  std::vector<std::string> names_;  // of the model, one a slot
  std::vector<int> slot_of_entry_;  // -1: not claimed
  NameMap map_;
};

}  // namespace

absl::StatusOr<NameMap> NameMap::Create(const Family& family,
                                        const Architecture& architecture,
                                        Slots slots, Entries entries,
                                        const NameMapOptions& options) {
  return NameMapBuilder(family, architecture, slots, entries).Build(options);
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
