#include "model/loading/name_map.h"

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "model/base/status_macros.h"
#include "model/loading/key_filter.h"
#include "model/loading/rule_table.h"

namespace transformerd {
namespace {

// The prefix that this file puts before the keys of the base model.
absl::string_view PrefixInFile(const Family& family,
                               absl::Span<const CheckpointEntry> entries) {
  for (const CheckpointEntry& entry : entries) {
    if (absl::StartsWith(entry.key, family.base_prefix)) {
      return family.base_prefix;
    }
  }
  return "";
}

// Makes one NameMap, step by step, in the order of Build().
class NameMapBuilder {
 public:
  NameMapBuilder(const RuleTable& rules,
                 absl::Span<const std::unique_ptr<ParameterSlot>> slots,
                 absl::Span<const CheckpointEntry> entries)
      : rules_(rules),
        slots_(slots),
        entries_(entries),
        slot_of_entry_(entries.size(), -1) {}

  absl::StatusOr<NameMap> Build(KeyFilter& filter) {
    FilterKeys(filter);
    map_.slots.resize(slots_.size());
    for (int slot = 0; slot < num_slots(); ++slot) {
      RETURN_IF_ERROR(ClaimEntry(slot));
    }
    LeaveOutAbsentGroups();
    RETURN_IF_ERROR(Tie());
    ListMissing();
    ListUnclaimed();
    return std::move(map_);
  }

 private:
  int num_slots() const { return static_cast<int>(slots_.size()); }

  void FilterKeys(KeyFilter& filter) {
    for (int i = 0; i < static_cast<int>(entries_.size()); ++i) {
      const std::string& key = entries_[i].key;
      if (filter.Matches(key)) {
        map_.ignored.push_back(key);
      } else {
        entry_of_key_.emplace(key, i);
      }
    }
    absl::c_sort(map_.ignored);
    for (const std::string& pattern : filter.UnmatchedPatterns()) {
      map_.warnings.push_back(
          absl::StrCat("ignore: \"", absl::CEscape(pattern),
                       "\" matches no key of the checkpoint"));
    }
  }

  absl::Status ClaimEntry(int slot) {
    const std::string& name = slots_[slot]->name();
    const std::vector<std::string> candidates = rules_.CandidateKeys(name);
    if (candidates.empty()) {
      return absl::InternalError(absl::StrCat(
          "no rule of the family names the module of slot \"", name, "\""));
    }
    SlotMapping& mapping = map_.slots[slot];
    mapping.key = candidates.front();
    for (const std::string& candidate : candidates) {
      const auto found = entry_of_key_.find(candidate);
      if (found == entry_of_key_.end()) continue;
      int& owner = slot_of_entry_[found->second];
      if (owner != -1) {
        return absl::InternalError(
            absl::StrCat("key \"", candidate, "\" is taken by both slots \"",
                         slots_[owner]->name(), "\" and \"", name, "\""));
      }
      owner = slot;
      mapping = {SlotSource::kEntry, found->second, candidate};
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
                       ": it is left out, with its output"));
    }
  }

  // A slot without a key of its own shares the storage of the one it is tied
  // to; where that is missing too, it alone is reported.
  absl::Status Tie() {
    absl::flat_hash_map<absl::string_view, int> slot_of_name;
    for (int slot = 0; slot < num_slots(); ++slot) {
      slot_of_name.emplace(slots_[slot]->name(), slot);
    }
    for (int slot = 0; slot < num_slots(); ++slot) {
      SlotMapping& mapping = map_.slots[slot];
      const std::string& target = slots_[slot]->tied_to();
      if (target.empty() || mapping.source != SlotSource::kMissing) continue;
      const auto found = slot_of_name.find(target);
      if (found == slot_of_name.end() ||
          !slots_[found->second]->tied_to().empty()) {
        return absl::InternalError(
            absl::StrCat("slot \"", slots_[slot]->name(), "\" is tied to \"",
                         target, "\", which is no slot of its own"));
      }
      mapping.source = SlotSource::kTied;
      mapping.index = found->second;
    }
    return absl::OkStatus();
  }

  void ListMissing() {
    for (const SlotMapping& mapping : map_.slots) {
      if (mapping.source == SlotSource::kMissing) {
        map_.missing.push_back(mapping.key);
      }
    }
    absl::c_sort(map_.missing);
  }

  void ListUnclaimed() {
    for (const auto& [key, entry] : entry_of_key_) {
      if (slot_of_entry_[entry] != -1) continue;
      (rules_.Knows(key) ? map_.unused : map_.unexpected).emplace_back(key);
    }
    absl::c_sort(map_.unused);
    absl::c_sort(map_.unexpected);
  }

  const RuleTable& rules_;
  const absl::Span<const std::unique_ptr<ParameterSlot>> slots_;
  const absl::Span<const CheckpointEntry> entries_;
  absl::flat_hash_map<absl::string_view, int> entry_of_key_;
  std::vector<int> slot_of_entry_;  // -1: not claimed
  NameMap map_;
};

}  // namespace

absl::StatusOr<NameMap> NameMap::Create(
    const Family& family, const Architecture& architecture,
    absl::Span<const std::unique_ptr<ParameterSlot>> slots,
    absl::Span<const CheckpointEntry> entries,
    absl::Span<const std::string> ignore) {
  ASSIGN_OR_RETURN(KeyFilter filter, KeyFilter::Create(ignore));
  const RuleTable rules(family, PrefixInFile(family, entries),
                        architecture.num_hidden_layers);
  return NameMapBuilder(rules, slots, entries).Build(filter);
}

}  // namespace transformerd
