#include "model/runtime/warm_up.h"

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

}  // namespace

InferenceInput WarmUpInput(const Signature& signature) {
  if (signature.takes_tensors) return TensorInput(signature);
  InferenceInput input;
  input.batch = 1;
  input.width = 1;
  input.lengths = {1};
  const InputSpec& first = signature.inputs.front();
  switch (first.kind) {
    case InputKind::kTokens:
    case InputKind::kText:    // never first
    case InputKind::kTensor:  // has taken tensors above
      input.input_ids = {0};
      break;
    case InputKind::kHidden:
      input.hidden_states.assign(first.hidden_size, 0.0f);
      break;
  }
  for (size_t i = 0; i < signature.outputs.size(); ++i) {
    if (signature.outputs[i].is_default) {
      input.outputs.push_back(static_cast<int>(i));
    }
  }
  return input;
}

}  // namespace transformerd
