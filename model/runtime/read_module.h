// What a checkpoint's config.json says of the module that is asked for.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "model/config/config_reader.h"
#include "model/families/families.h"
#include "model/runtime/loaded_model.h"

namespace transformerd {

struct DescribedModule {
  ConfigReader config;
  ParsedModel parsed;
};

// Reads config.json of a folder, with the override and the number of layers
// that `options` name. Errors are those of ConfigReader and ParseModel, and
// INVALID_ARGUMENT for a number of layers that cannot be.
absl::StatusOr<DescribedModule> ReadModule(const std::string& directory,
                                           const ModuleOptions& options);

}  // namespace transformerd
