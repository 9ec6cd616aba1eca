#include "server/services/request_parameters.h"

#include <limits>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"

namespace transformerd {
namespace {

using inference::InferParameter;
using Parameters = google::protobuf::Map<std::string, InferParameter>;

absl::Status WrongType(absl::string_view name, absl::string_view expected) {
  return WithField(absl::InvalidArgumentError(absl::StrCat(
                       "request parameter '", name, "': expected ", expected)),
                   name);
}

// Nothing where the parameter is absent.
absl::StatusOr<std::optional<int64_t>> ReadCount(const Parameters& parameters,
                                                 const std::string& name) {
  const auto it = parameters.find(name);
  if (it == parameters.end()) return std::nullopt;
  constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
  const InferParameter& parameter = it->second;
  switch (parameter.parameter_choice_case()) {
    case InferParameter::kInt64Param:
      if (parameter.int64_param() < 0) break;
      return parameter.int64_param();
    case InferParameter::kUint64Param:
      if (parameter.uint64_param() > kMax) break;
      return static_cast<int64_t>(parameter.uint64_param());
    default:
      return WrongType(name, "an integer");
  }
  const std::string value =
      parameter.parameter_choice_case() == InferParameter::kInt64Param
          ? absl::StrCat(parameter.int64_param())
          : absl::StrCat(parameter.uint64_param());
  return WithField(absl::InvalidArgumentError(
                       absl::StrCat("request parameter '", name, "' is ", value,
                                    ", expected an integer from 0 to ", kMax)),
                   name);
}

// Nothing where the parameter is absent.
absl::StatusOr<std::optional<bool>> ReadBool(const Parameters& parameters,
                                             const std::string& name) {
  const auto it = parameters.find(name);
  if (it == parameters.end()) return std::nullopt;
  if (it->second.parameter_choice_case() != InferParameter::kBoolParam) {
    return WrongType(name, "a bool");
  }
  return it->second.bool_param();
}

absl::Status CheckNone(const Parameters& parameters, absl::string_view what,
                       const std::string& tensor) {
  for (const auto& [name, value] : parameters) {
    const bool is_shared_memory = absl::StartsWith(name, "shared_memory_");
    if (!is_shared_memory && name != "classification") continue;
    return WithField(
        absl::InvalidArgumentError(absl::StrCat(
            what, " '", tensor, "': parameter '", name, "' asks for ",
            is_shared_memory ? "shared memory" : "a classification",
            ", which this server does not offer")),
        tensor);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RequestParameters> ReadRequestParameters(
    const inference::ModelInferRequest& request) {
  const Parameters& parameters = request.parameters();
  RequestParameters read;
  ASSIGN_OR_RETURN(const std::optional<int64_t> priority,
                   ReadCount(parameters, "priority"));
  read.priority = static_cast<uint64_t>(priority.value_or(0));
  ASSIGN_OR_RETURN(const std::optional<int64_t> timeout,
                   ReadCount(parameters, "timeout"));
  // Triton's "no limit" is 0.
  if (timeout.value_or(0) > 0) read.timeout = absl::Microseconds(*timeout);
  ASSIGN_OR_RETURN(read.raw_outputs,
                   ReadBool(parameters, "binary_data_output"));
  ASSIGN_OR_RETURN(const std::optional<bool> truncate,
                   ReadBool(parameters, "truncate"));
  read.truncate = truncate.value_or(false);
  return read;
}

absl::Status CheckTensorParameters(
    const inference::ModelInferRequest& request) {
  for (const auto& input : request.inputs()) {
    RETURN_IF_ERROR(CheckNone(input.parameters(), "input", input.name()));
  }
  for (const auto& output : request.outputs()) {
    RETURN_IF_ERROR(CheckNone(output.parameters(), "output", output.name()));
  }
  return absl::OkStatus();
}

}  // namespace transformerd
