// Golden cases of AllenNLP's own modules.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "model/runtime/loaded_model.h"
#include "tests/model/families/golden_case.h"

namespace transformerd {

struct SeedCase {
  GoldenCase golden;
  LoadOptions options;
};

// All cases of a type, by name: "allennlp_module", whose outputs are answers,
// or "allennlp_parameters", whose outputs are parameters by their names.
absl::StatusOr<std::vector<SeedCase>> ReadSeedCases(const std::string& type);

}  // namespace transformerd
