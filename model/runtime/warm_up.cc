#include "model/runtime/warm_up.h"

#include "absl/strings/str_cat.h"
#include "model/base/catch_exceptions.h"
#include "model/base/error_details.h"
#include "model/base/shape.h"
#include "model/base/status_macros.h"
#include "model/runtime/inference.h"
#include "model/runtime/signature.h"

namespace transformerd {
namespace {

// Smallest tensors for all inputs that are not optional.
InferenceInput TensorInput(const Signature& signature) {
  InferenceInput input;
  input.batch = 1;
  input.width = 1;
  input.lengths = {1};
  input.extents.assign(kNumExtents, 1);
  for (const InputSpec& spec : signature.inputs) {
    input.extents[-kWidth - 1] = spec.tensor.min_width;
    input.tensors.emplace_back();
    if (spec.optional) continue;
    input.tensors.back().emplace(
        spec.tensor.dtype(),
        Resolve(spec.tensor.shapes.front(), input.extents));
  }
  for (size_t i = 0; i < signature.outputs.size(); ++i) {
    const OutputSpec& output = signature.outputs[i];
    if (output.is_default && output.needs.empty()) {
      input.outputs.push_back(static_cast<int>(i));
    }
  }
  return input;
}

InferenceInput WarmUpInput(const Signature& signature) {
  if (signature.takes_tensors) return TensorInput(signature);
  InferenceInput input;
  input.batch = 1;
  input.width = 1;
  input.lengths = {1};
  const InputSpec& first = signature.inputs.front();
  switch (first.kind) {
    case InputKind::kTokens:
    case InputKind::kVectors:  // never first
    case InputKind::kText:     // never first
    case InputKind::kTensor:   // has taken tensors above
      input.input_ids = {signature.eos_token_id.value_or(0)};
      break;
    case InputKind::kPixels:
      input.width = signature.max_sequence_length;
      input.lengths = {input.width};
      input.pixel_values.assign(*NumElements(first.image), 0.0f);
      break;
  }
  if (signature.has_decoder()) input.decoder = ShiftRight(input, /*start=*/0);
  for (size_t i = 0; i < signature.outputs.size(); ++i) {
    if (signature.outputs[i].is_default) {
      input.outputs.push_back(static_cast<int>(i));
    }
  }
  return input;
}

}  // namespace

absl::Status WarmUp(LoadedModel& model, int num_workers,
                    const LoadControl& control) {
  const InferenceInput input = WarmUpInput(model.signature());
  const InferenceInput* batch[] = {&input};
  for (int worker = 0; worker < num_workers; ++worker) {
    RETURN_IF_ERROR(control.CheckNotCancelled());
    const absl::Status status =
        CatchExceptions([&] { return model.Run(worker, batch).status(); });
    if (!status.ok()) {
      return Annotate(status, absl::StrCat("warm-up of worker ", worker));
    }
  }
  return absl::OkStatus();
}

}  // namespace transformerd
