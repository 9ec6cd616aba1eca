#include "server/services/request_validator.h"

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "model/base/error_details.h"
#include "model/base/shape.h"
#include "model/base/status_macros.h"
#include "proto/tensor_codec.h"
#include "server/services/hidden_state_rows.h"
#include "server/services/input_rows.h"

namespace transformerd {
namespace {

// protobuf's own limit, less room for names and shapes.
constexpr int64_t kMaxAnswerBytes =
    std::numeric_limits<int32_t>::max() - (int64_t{1} << 20);

template <typename Specs>
std::string Names(const Specs& specs) {
  return absl::StrCat("'",
                      absl::StrJoin(specs, "', '",
                                    [](std::string* out, const auto& spec) {
                                      out->append(spec.name);
                                    }),
                      "'");
}

absl::Status Refuse(absl::string_view tensor, absl::string_view message) {
  return WithField(absl::InvalidArgumentError(message), tensor);
}

absl::Status CheckInputNames(const inference::ModelInferRequest& request,
                             const Signature& signature) {
  absl::flat_hash_set<absl::string_view> seen;
  for (const auto& input : request.inputs()) {
    const std::string& name = input.name();
    if (signature.FindInput(name) == nullptr) {
      return Refuse(name,
                    absl::StrCat("unknown input '", name, "'; the model takes ",
                                 Names(signature.inputs)));
    }
    if (!seen.insert(name).second) {
      return Refuse(name, absl::StrCat("input '", name, "' is given twice"));
    }
  }
  for (const InputSpec& spec : signature.inputs) {
    if (!spec.optional && !seen.contains(spec.name)) {
      return Refuse(spec.name, absl::StrCat("input '", spec.name,
                                            "' is missing; the model takes ",
                                            Names(signature.inputs)));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<int>> SelectOutputs(
    const inference::ModelInferRequest& request, const Signature& signature) {
  std::vector<int> selected;
  if (request.outputs().empty()) {
    for (size_t i = 0; i < signature.outputs.size(); ++i) {
      if (signature.outputs[i].is_default) selected.push_back(i);
    }
    return selected;
  }
  absl::flat_hash_set<int> seen;
  for (const auto& output : request.outputs()) {
    const std::string& name = output.name();
    const std::optional<int> index = signature.FindOutput(name);
    if (!index.has_value()) {
      return Refuse(
          name, absl::StrCat("unknown output '", name, "'; the model gives ",
                             Names(signature.outputs)));
    }
    if (!seen.insert(*index).second) {
      return Refuse(name,
                    absl::StrCat("output '", name, "' is asked for twice"));
    }
    selected.push_back(*index);
  }
  return selected;
}

// The extents of an output for a given request.
Shape AnswerShape(const OutputSpec& output, const InferenceInput& input) {
  Shape shape = output.FullShape();
  shape[0] = input.batch;
  for (int64_t& extent : shape) {
    if (extent == -1) extent = input.width;
  }
  return shape;
}

absl::Status CheckAnswerSize(const Signature& signature,
                             const InferenceInput& input) {
  int64_t total = 0;
  for (const int index : input.outputs) {
    const OutputSpec& output = signature.outputs[index];
    const Shape shape = AnswerShape(output, input);
    const std::optional<int64_t> size = SizeBytes(output.dtype, shape);
    if (size.has_value() && *size <= kMaxAnswerBytes - total) {
      total += *size;
      continue;
    }
    return Refuse(
        output.name,
        absl::StrCat("output '", output.name, "' of shape ", ToString(shape),
                     " makes the answer larger than ", kMaxAnswerBytes,
                     " bytes; send fewer rows"));
  }
  return absl::OkStatus();
}

absl::StatusOr<InferenceInput> ReadRows(
    const inference::ModelInferRequest& request, const Signature& signature) {
  switch (signature.inputs.front().kind) {
    case InputKind::kTokens:
      return ReadInputRows(request, signature);
    case InputKind::kHidden:
      return ReadHiddenStateRows(request, signature);
  }
  return absl::InternalError("unknown InputKind");
}

}  // namespace

absl::StatusOr<ValidatedRequest> ValidateRequest(
    const inference::ModelInferRequest& request, const Signature& signature) {
  ValidatedRequest valid;
  ASSIGN_OR_RETURN(valid.parameters, ReadRequestParameters(request));
  RETURN_IF_ERROR(CheckTensorParameters(request));
  RETURN_IF_ERROR(CheckInputNames(request, signature));
  RETURN_IF_ERROR(CheckContents(request));
  ASSIGN_OR_RETURN(valid.input, ReadRows(request, signature));
  ASSIGN_OR_RETURN(valid.input.outputs, SelectOutputs(request, signature));
  RETURN_IF_ERROR(CheckAnswerSize(signature, valid.input));
  valid.raw_outputs =
      valid.parameters.raw_outputs.value_or(UsesRawContents(request));
  return valid;
}

}  // namespace transformerd
