#include "tests/model/loading/mechanics_cases.h"

#include <cstdlib>
#include <fstream>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "glog/logging.h"
#include "model/loading/module_tree.h"

namespace transformerd {

std::vector<CaseJson> ReadMechanicsCases(const std::string& name) {
  const char* folder = std::getenv("TRANSFORMERD_MECHANICS_CASES");
  if (folder == nullptr || *folder == '\0') {
    folder = "tests/testdata/mechanics";
  }
  const std::string path = absl::StrCat(folder, "/mechanics_", name, ".json");
  std::ifstream file(path);
  CHECK(file.good()) << path;
  const CaseJson root = CaseJson::parse(file);
  std::vector<CaseJson> cases(root["cases"].begin(), root["cases"].end());
  CHECK(!cases.empty()) << path;
  return cases;
}

std::optional<std::vector<std::string>> StringsOrNothing(
    const CaseJson& names) {
  if (names.is_null()) return std::nullopt;
  if (names.is_string()) return {{names.get<std::string>()}};
  return names.get<std::vector<std::string>>();
}

std::vector<Renaming> RenamingsOf(const CaseJson& mapping) {
  std::vector<Renaming> renamings;
  if (mapping.is_null()) return renamings;
  for (const auto& [from, to] : mapping.items()) {
    renamings.push_back({from, to.get<std::string>()});
  }
  return renamings;
}

MechanicsModule::MechanicsModule(const CaseJson& module) {
  Add(module, "", "");
  bare_.renamings = renamings_;
  family_.base_parameters = rules_;
  family_.bare = &bare_;
}

std::vector<std::string> MechanicsModule::names() const {
  std::vector<std::string> names;
  for (const auto& slot : slots_) names.push_back(slot->name());
  return names;
}

void MechanicsModule::AllowMissing(
    const std::vector<std::string>& expressions) {
  for (const std::string& text : expressions) {
    allow_missing_.push_back(Keep(text));
  }
  bare_.allow_missing = allow_missing_;
}

void MechanicsModule::Add(const CaseJson& module, const std::string& path,
                          const std::string& pattern) {
  // Modules of one pattern have one mapping.
  const bool is_new = absl::c_none_of(
      renamings_,
      [&](const ModuleRenaming& known) { return known.module == pattern; });
  if (is_new && module.contains("mapping")) {
    for (const Renaming& renaming : RenamingsOf(module["mapping"])) {
      renamings_.push_back(
          {Keep(pattern), Keep(renaming.from), Keep(renaming.to)});
    }
  }
  rules_.push_back({Keep(path), Keep(path)});
  const std::string head = path.empty() ? "" : absl::StrCat(path, ".");
  for (const char* kind : {"parameters", "buffers"}) {
    for (const auto& [name, shape] : module[kind].items()) {
      const auto extents = shape.get<std::vector<int64_t>>();
      AddSlot(slots_, absl::StrCat(head, name),
              Shape(extents.begin(), extents.end()));
    }
  }
  for (const auto& [name, child] : module["children"].items()) {
    Add(child, absl::StrCat(head, name), ChildPath(pattern, name));
  }
}

absl::string_view MechanicsModule::Keep(std::string text) {
  texts_.push_back(std::move(text));
  return texts_.back();
}

}  // namespace transformerd
