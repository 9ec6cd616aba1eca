#include "server/services/request_validator.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"
#include "proto/tensor_codec.h"
#include "server/services/answer_size.h"
#include "server/services/input_rows.h"
#include "server/services/pixel_rows.h"
#include "server/services/tensor_inputs.h"

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

// What a message says of an input that other models take.
absl::string_view HintAtInput(absl::string_view name,
                              const Signature& signature) {
  if (name == "text" || name == "text_pair") {
    return signature.FindInput("text") == nullptr
               ? " (text needs a tokenizer.json in the model's folder)"
               : " (its tokenizer takes no pairs)";
  }
  const bool takes_ids = signature.inputs.front().kind == InputKind::kTokens;
  return name == "inputs_embeds" && takes_ids
             ? " (its answer is that of a token which it finds by its id)"
             : "";
}

absl::Status UnknownInput(absl::string_view name, const Signature& signature) {
  return Refuse(
      name,
      absl::StrCat("unknown input '", name, "'", HintAtInput(name, signature),
                   "; the model takes ", Names(signature.inputs)));
}

// The first input of a kind in a request whose inputs are known; null where
// there is none.
const InputSpec* FindKind(InputKind kind,
                          const inference::ModelInferRequest& request,
                          const Signature& signature) {
  for (const auto& input : request.inputs()) {
    const InputSpec* spec = signature.FindInput(input.name());
    if (spec->kind == kind) return spec;
  }
  return nullptr;
}

bool HasText(const inference::ModelInferRequest& request,
             const Signature& signature) {
  return FindKind(InputKind::kText, request, signature) != nullptr;
}

// Text stands for all other inputs, vectors for the first one.
std::vector<absl::string_view> RequiredInputs(
    const inference::ModelInferRequest& request, const Signature& signature) {
  if (HasText(request, signature)) return {"text"};
  std::vector<absl::string_view> names;
  if (FindKind(InputKind::kVectors, request, signature) == nullptr) {
    names.push_back(signature.inputs.front().name);
  }
  for (size_t i = 1; i < signature.inputs.size(); ++i) {
    const InputSpec& input = signature.inputs[i];
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
  const std::string& first = signature.inputs.front().name;
  const InputSpec* vectors = FindKind(InputKind::kVectors, request, signature);
  if (vectors != nullptr && seen.contains(first)) {
    return Refuse(vectors->name,
                  absl::StrCat("input '", vectors->name, "' beside '", first,
                               "', expected one of the two"));
  }
  for (absl::string_view required : RequiredInputs(request, signature)) {
    if (seen.contains(required)) continue;
    return Refuse(required, absl::StrCat("input '", required,
                                         "' is missing; the model takes ",
                                         Names(signature.inputs)));
  }
  const bool has_decoder_mask =
      signature.has_decoder() && seen.contains(kDecoderMask);
  if (has_decoder_mask && !seen.contains(kDecoderIds)) {
    return Refuse(kDecoderMask,
                  absl::StrCat("input '", kDecoderMask, "' without '",
                               kDecoderIds, "', whose tokens it masks"));
  }
  return absl::OkStatus();
}

// Whether the request has the input that the output needs.
bool IsThere(const OutputSpec& output,
             const inference::ModelInferRequest& request) {
  if (output.needs.empty()) return true;
  for (const absl::string_view name : absl::StrSplit(output.needs, '|')) {
    for (const auto& input : request.inputs()) {
      if (input.name() == name) return true;
    }
  }
  return false;
}

absl::StatusOr<std::vector<int>> SelectOutputs(
    const inference::ModelInferRequest& request, const Signature& signature) {
  std::vector<int> selected;
  if (request.outputs().empty()) {
    for (size_t i = 0; i < signature.outputs.size(); ++i) {
      const OutputSpec& output = signature.outputs[i];
      if (output.is_default && IsThere(output, request)) selected.push_back(i);
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
    const OutputSpec& spec = signature.outputs[*index];
    if (!IsThere(spec, request)) {
      return Refuse(
          name, absl::StrCat("output '", name, "' needs input '",
                             absl::StrReplaceAll(spec.needs, {{"|", "' or '"}}),
                             "'"));
    }
    selected.push_back(*index);
  }
  return selected;
}

absl::StatusOr<InferenceInput> ReadRows(
    const inference::ModelInferRequest& request, const Signature& signature) {
  if (signature.takes_tensors) return ReadTensors(request, signature);
  switch (signature.inputs.front().kind) {
    case InputKind::kPixels:
      return ReadPixelRows(request, signature);
    case InputKind::kTokens:
    case InputKind::kVectors:  // never first
    case InputKind::kText:     // never first
    case InputKind::kTensor:   // has been read above
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
