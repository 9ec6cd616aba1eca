#include "tests/model/families/seed_case.h"

#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "model/base/status_macros.h"
#include "nlohmann/json.hpp"

namespace transformerd {
namespace {

// What the call that made the golden was given, as a request would say it.
LoadOptions OptionsOf(const nlohmann::json& description) {
  const nlohmann::json& load = description["load"];
  LoadOptions options;
  options.architecture = description["class"];
  options.dtype = DType::kF32;
  options.strict = load["strict"];
  if (load["how"] != "from_pretrained") return options;
  const nlohmann::json& relevant = load["relevant_module"];
  if (relevant.is_string()) options.relevant_module = {relevant};
  if (relevant.is_array()) {
    options.relevant_module = relevant.get<std::vector<std::string>>();
  }
  for (const auto& [from, to] : load["mapping"].items()) {
    options.mapping.push_back({from, to});
  }
  if (!load["kwargs"].empty()) options.config_override = load["kwargs"].dump();
  return options;
}

}  // namespace

absl::StatusOr<std::vector<SeedCase>> ReadSeedCases(const std::string& type) {
  ASSIGN_OR_RETURN(std::vector<GoldenCase> goldens,
                   ReadGoldenCasesOfType(type));
  std::vector<SeedCase> cases;
  for (GoldenCase& golden : goldens) {
    std::ifstream file(absl::StrCat(golden.model_directory, "/../case.json"));
    LoadOptions options = OptionsOf(nlohmann::json::parse(file));
    cases.push_back({std::move(golden), std::move(options)});
  }
  return cases;
}

}  // namespace transformerd
