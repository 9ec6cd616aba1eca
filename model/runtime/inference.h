// One request's rows on their way into a model, and its answer.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/base/host_tensor.h"

namespace transformerd {

// Rows of tokens behind each other and without the padding at their ends: the
// arrays have one element for each of num_tokens(). Plain data.
struct TokenRows {
  int64_t batch = 0;
  // Extent of the tokens' dimension in the answer; at least the longest row.
  int64_t width = 0;
  // Tokens of each row, at least 1. What lies behind the last token under mask
  // 1 is padding.
  std::vector<int64_t> lengths;
  std::vector<int64_t> input_ids;
  // Instead of ids, the vectors that stand for them: [tokens, size], with as
  // many numbers as a row of the model's token table.
  std::vector<float> inputs_embeds;
  // 0 or 1 a token; empty means all ones.
  std::vector<uint8_t> attention_mask;
  std::vector<int64_t> token_type_ids;  // empty means zeros
  std::vector<int64_t> position_ids;    // empty means the family's own rule

  // The sum of lengths.
  int64_t num_tokens() const;
};

// The validated rows of one request: what the model takes first, and beside it
// what it may take besides. Plain data.
struct InferenceInput : TokenRows {
  // Instead of ids, for models that take images: [batch, channels, height,
  // width]. Their patches and the class token are the tokens of the rows.
  std::vector<float> pixel_values;
  // As many rows for the decoder; empty for models that have none.
  TokenRows decoder;
  // Instead of all of the above, for models that take whole tensors: one for
  // each of Signature::inputs, nothing for those that are not given.
  std::vector<std::optional<HostTensor>> tensors;
  // What the symbols of a signature's shapes stand for (see Extent).
  std::vector<int64_t> extents;
  // Indices into Signature::outputs, in the order of the answer.
  std::vector<int> outputs;

  // Of all rows: all that is computed.
  int64_t total_tokens() const { return num_tokens() + decoder.num_tokens(); }
  // The request cannot be cut, nor run together with others.
  bool is_whole() const { return !tensors.empty(); }
};

// What a decoder reads that is to repeat its encoder's rows, which must have
// ids (CHECK): each row behind `start`, without its last token, and nothing
// masked.
TokenRows ShiftRight(const TokenRows& rows, int64_t start);

// One tensor for each of InferenceInput::outputs, in that order, with the
// request's own batch and width; positions that were not computed are zero.
using InferenceOutput = std::vector<HostTensor>;

}  // namespace transformerd
