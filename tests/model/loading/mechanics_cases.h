// Cases that say what AllenNLP's loading did with small modules: names kept and
// renamed, parameters missing and left over, values on each rank.
//
// They are read from the folder in $TRANSFORMERD_MECHANICS_CASES, by default
// tests/testdata/mechanics.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "model/families/family.h"
#include "model/loading/renaming.h"
#include "nlohmann/json.hpp"
#include "tests/model/loading/toy_checkpoint.h"

namespace transformerd {

// The order of keys counts in mappings and in checkpoints.
using CaseJson = nlohmann::ordered_json;

// The cases of mechanics_<name>.json.
std::vector<CaseJson> ReadMechanicsCases(const std::string& name);

// A list of names, or nothing for null.
std::optional<std::vector<std::string>> StringsOrNothing(const CaseJson& names);

std::vector<Renaming> RenamingsOf(const CaseJson& mapping);

// A module of a case as slots, and as a bare module whose names are its own.
class MechanicsModule {
 public:
  // `module` has parameters, buffers, children and, where it is one of
  // AllenNLP's, a mapping.
  explicit MechanicsModule(const CaseJson& module);

  // Its family refers to the object.
  MechanicsModule(const MechanicsModule&) = delete;
  MechanicsModule& operator=(const MechanicsModule&) = delete;

  // In the order in which AllenNLP walks them.
  const SlotVector& slots() const { return slots_; }
  std::vector<std::string> names() const;
  const std::vector<ModuleRenaming>& renamings() const { return renamings_; }
  const Family& family() const { return family_; }
  // Names that may be missing by default.
  void AllowMissing(const std::vector<std::string>& expressions);

 private:
  // `pattern` is the path with numbers as "{}".
  void Add(const CaseJson& module, const std::string& path,
           const std::string& pattern);
  absl::string_view Keep(std::string text);

  std::deque<std::string> texts_;  // what the views below point into
  SlotVector slots_;
  std::vector<ModuleRenaming> renamings_;
  std::vector<ParameterRule> rules_;
  std::vector<absl::string_view> allow_missing_;
  BareModule bare_;
  Family family_ = {};
};

}  // namespace transformerd
