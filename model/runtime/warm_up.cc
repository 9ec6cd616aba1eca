#include "model/runtime/warm_up.h"

namespace transformerd {

InferenceInput WarmUpInput(const Signature& signature) {
  InferenceInput input;
  input.batch = 1;
  input.width = 1;
  input.lengths = {1};
  const InputSpec& first = signature.inputs.front();
  switch (first.kind) {
    case InputKind::kTokens:
    case InputKind::kText:  // never first
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
