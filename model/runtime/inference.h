// One request's rows on their way into a model, and its answer.
#pragma once

#include <cstdint>
#include <vector>

#include "model/base/host_tensor.h"

namespace transformerd {

// The validated rows of one request, as [batch, width] arrays in row-major
// order. Plain data.
struct InferenceInput {
  int64_t batch = 0;
  int64_t width = 0;  // tokens a row, padding included; at least 1
  std::vector<int64_t> input_ids;
  // Instead of ids, for models that take vectors: [batch, width, hidden].
  std::vector<float> hidden_states;
  // 0 or 1 a token; empty means all ones.
  std::vector<uint8_t> attention_mask;
  std::vector<int64_t> token_type_ids;  // empty means zeros
  std::vector<int64_t> position_ids;    // empty means the family's own rule
  // For each row the index after its last token under mask 1: what lies behind
  // is never computed. At least 1.
  std::vector<int64_t> lengths;
  // Indices into Signature::outputs, in the order of the answer.
  std::vector<int> outputs;

  // Tokens that are computed.
  int64_t num_tokens() const;
};

// One tensor for each of InferenceInput::outputs, in that order, with the
// request's own batch and width; positions that were not computed are zero.
using InferenceOutput = std::vector<HostTensor>;

}  // namespace transformerd
