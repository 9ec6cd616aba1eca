#include "server/services/repository_parameters.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"

namespace transformerd {
namespace {

using inference::ModelRepositoryParameter;

absl::Status Refuse(const std::string& name, absl::string_view problem) {
  return WithField(absl::InvalidArgumentError(
                       absl::StrCat("parameter '", name, "' ", problem)),
                   name);
}

absl::StatusOr<LoadParameter> ReadParameter(
    const std::string& name, const ModelRepositoryParameter& parameter) {
  switch (parameter.parameter_choice_case()) {
    case ModelRepositoryParameter::kStringParam:
      return parameter.string_param();
    case ModelRepositoryParameter::kBoolParam:
      return parameter.bool_param();
    case ModelRepositoryParameter::kInt64Param:
      return parameter.int64_param();
    case ModelRepositoryParameter::kBytesParam:
      // Files that a client sends along: refused by their name, which says
      // more than their type.
      if (absl::StartsWith(name, "file:")) return std::string();
      return Refuse(name, "is bytes, expected a string, a bool or an integer");
    case ModelRepositoryParameter::PARAMETER_CHOICE_NOT_SET:
      break;
  }
  return Refuse(name, "has no value");
}

}  // namespace

absl::Status CheckRepositoryName(const std::string& name) {
  if (name.empty()) return absl::OkStatus();
  return WithField(absl::InvalidArgumentError(absl::StrCat(
                       "repository_name is '", name,
                       "'; this server has one repository, expected ''")),
                   "repository_name");
}

absl::StatusOr<LoadParameters> ReadLoadParameters(
    const inference::RepositoryModelLoadRequest& request) {
  RETURN_IF_ERROR(CheckRepositoryName(request.repository_name()));
  LoadParameters read;
  for (const auto& [name, parameter] : request.parameters()) {
    ASSIGN_OR_RETURN(LoadParameter value, ReadParameter(name, parameter));
    read.emplace(name, std::move(value));
  }
  return read;
}

absl::Status CheckUnloadRequest(
    const inference::RepositoryModelUnloadRequest& request) {
  RETURN_IF_ERROR(CheckRepositoryName(request.repository_name()));
  for (const auto& [name, parameter] : request.parameters()) {
    if (name != "unload_dependents") {
      return Refuse(name, "is unknown; an unload takes 'unload_dependents'");
    }
    if (parameter.parameter_choice_case() !=
        ModelRepositoryParameter::kBoolParam) {
      return Refuse(name, "is of the wrong type, expected a bool");
    }
  }
  return absl::OkStatus();
}

}  // namespace transformerd
