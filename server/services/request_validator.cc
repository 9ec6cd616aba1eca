#include "server/services/request_validator.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"
#include "proto/tensor_codec.h"
#include "server/services/answer_size.h"
#include "server/services/hidden_state_rows.h"
#include "server/services/input_rows.h"
#include "server/services/pixel_rows.h"

namespace transformerd {
namespace {

constexpr absl::string_view kDecoderIds = "decoder_input_ids";
constexpr absl::string_view kDecoderMask = "decoder_attention_mask";

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

absl::Status UnknownInput(absl::string_view name, const Signature& signature) {
  const bool is_text = name == "text" || name == "text_pair";
  const absl::string_view hint =
      !is_text ? ""
      : signature.FindInput("text") == nullptr
          ? " (text needs a tokenizer.json in the model's folder)"
          : " (its tokenizer takes no pairs)";
  return Refuse(name,
                absl::StrCat("unknown input '", name, "'", hint,
                             "; the model takes ", Names(signature.inputs)));
}

// Whether a request, whose inputs are known, has rows of text.
bool HasText(const inference::ModelInferRequest& request,
             const Signature& signature) {
  for (const auto& input : request.inputs()) {
    if (signature.FindInput(input.name())->kind == InputKind::kText) {
      return true;
    }
  }
  return false;
}

// The first input stands for tokens, text for all of them.
std::vector<absl::string_view> RequiredInputs(bool has_text,
                                              const Signature& signature) {
  if (has_text) return {"text"};
  std::vector<absl::string_view> names = {signature.inputs.front().name};
  for (const InputSpec& input : signature.inputs) {
    if (!input.optional) names.push_back(input.name);
  }
  return names;
}

absl::Status CheckInputNames(const inference::ModelInferRequest& request,
                             const Signature& signature) {
  absl::flat_hash_set<absl::string_view> seen;
  for (const auto& input : request.inputs()) {
    const std::string& name = input.name();
    if (signature.FindInput(name) == nullptr) {
      return UnknownInput(name, signature);
    }
    if (!seen.insert(name).second) {
      return Refuse(name, absl::StrCat("input '", name, "' is given twice"));
    }
  }
  for (absl::string_view required :
       RequiredInputs(HasText(request, signature), signature)) {
    if (seen.contains(required)) continue;
    return Refuse(required, absl::StrCat("input '", required,
                                         "' is missing; the model takes ",
                                         Names(signature.inputs)));
  }
  const bool has_decoder_mask = seen.contains(kDecoderMask);
  if (has_decoder_mask && !seen.contains(kDecoderIds)) {
    return Refuse(kDecoderMask,
                  absl::StrCat("input '", kDecoderMask, "' without '",
                               kDecoderIds, "', whose tokens it masks"));
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

absl::StatusOr<InferenceInput> ReadRows(
    const inference::ModelInferRequest& request, const Signature& signature) {
  switch (signature.inputs.front().kind) {
    case InputKind::kHidden:
      return ReadHiddenStateRows(request, signature);
    case InputKind::kPixels:
      return ReadPixelRows(request, signature);
    case InputKind::kTokens:
    case InputKind::kText:  // never first
      break;
  }
  return ReadInputRows(request, signature);
}

}  // namespace

absl::StatusOr<ValidatedRequest> ValidateRequest(
    const inference::ModelInferRequest& request, const Signature& signature) {
  ValidatedRequest valid;
  ASSIGN_OR_RETURN(valid.parameters, ReadRequestParameters(request));
  RETURN_IF_ERROR(CheckTensorParameters(request));
  RETURN_IF_ERROR(CheckInputNames(request, signature));
  RETURN_IF_ERROR(CheckContents(request));
  if (HasText(request, signature)) {
    ASSIGN_OR_RETURN(valid.text, ReadTextRows(request));
    RETURN_IF_ERROR(CheckTextRows(*valid.text));
    valid.text->truncate = valid.parameters.truncate;
    ASSIGN_OR_RETURN(valid.input.outputs, SelectOutputs(request, signature));
  } else {
    ASSIGN_OR_RETURN(valid.input, ReadRows(request, signature));
    ASSIGN_OR_RETURN(valid.input.outputs, SelectOutputs(request, signature));
    RETURN_IF_ERROR(CheckAnswerSize(signature, valid.input));
  }
  valid.raw_outputs =
      valid.parameters.raw_outputs.value_or(UsesRawContents(request));
  return valid;
}

}  // namespace transformerd
