#include "model/runtime/read_module.h"

#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"

namespace transformerd {
namespace {

// Fewer layers than config.json says.
absl::Status LowerLayers(int64_t wanted, Architecture& architecture) {
  constexpr char kField[] = "num_hidden_layers";
  int64_t* const layers = NumHiddenLayers(architecture);
  if (layers == nullptr) {
    return WithField(absl::InvalidArgumentError(absl::StrCat(
                         kField, "=", wanted, ", but ", architecture.class_name,
                         " has no layers to leave out")),
                     kField);
  }
  if (wanted < 0 || wanted > *layers) {
    return WithField(absl::InvalidArgumentError(absl::StrCat(
                         kField, "=", wanted, ", expected 0 to ", *layers)),
                     kField);
  }
  *layers = wanted;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<DescribedModule> ReadModule(const std::string& directory,
                                           const ModuleOptions& options) {
  ASSIGN_OR_RETURN(ConfigReader config, ConfigReader::FromFile(absl::StrCat(
                                            directory, "/config.json")));
  if (!options.config_override.empty()) {
    ASSIGN_OR_RETURN(config, config.Merged(options.config_override));
  }
  ASSIGN_OR_RETURN(ParsedModel parsed,
                   ParseModel(config, options.architecture));
  if (options.num_hidden_layers) {
    RETURN_IF_ERROR(
        LowerLayers(*options.num_hidden_layers, parsed.architecture));
  }
  return DescribedModule{std::move(config), std::move(parsed)};
}

}  // namespace transformerd
