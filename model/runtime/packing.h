// Requests of any lengths as one batch without padding.
//
// All tokens of all rows lie behind each other: [tokens, ...] instead of
// [batch, width, ...]. Only attention looks at the borders between rows.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "model/base/host_tensor.h"
#include "model/config/architecture.h"
#include "model/runtime/inference.h"
#include "model/runtime/signature.h"

namespace transformerd {

// The id of a token that came as a vector, or in an image.
inline constexpr int64_t kNoId = -1;

// Plain data; all vectors but sequence_* and inputs_embeds have one element a
// token.
struct PackedRows {
  std::vector<int64_t> input_ids;
  // What stands for the ids of tokens that came as vectors, in their order:
  // [those tokens, size of a row of the token table].
  std::vector<float> inputs_embeds;
  std::vector<int64_t> token_type_ids;
  std::vector<int64_t> position_ids;
  // 0 where a token is masked. Such tokens are left out at the end of a row;
  // elsewhere they are computed, as their neighbours' positions depend on
  // them, but nobody attends to them.
  std::vector<uint8_t> attention_mask;
  // Row s holds the tokens [sequence_offsets[s], sequence_offsets[s + 1]).
  std::vector<int64_t> sequence_offsets = {0};
  // Whether row s has a masked token.
  std::vector<bool> sequence_has_mask;

  int64_t num_tokens() const { return sequence_offsets.back(); }
  int64_t num_sequences() const {
    return static_cast<int64_t>(sequence_offsets.size()) - 1;
  }
  int64_t length(int64_t sequence) const {
    return sequence_offsets[sequence + 1] - sequence_offsets[sequence];
  }
};

// What the model takes first, and beside it what it may take besides. Plain
// data.
struct PackedBatch : PackedRows {
  // Of models that take images: [sequences, channels, height, width].
  std::vector<float> pixel_values;
  // As many rows for the decoder; none for models that have none.
  PackedRows decoder;
  // Indices into Signature::outputs that any request wants, ascending.
  std::vector<int> outputs;
};

// Answers of a packed batch, one tensor for each of PackedBatch::outputs:
// [sequences, ...] for OutputRows::kSequence, [tokens, ...] for kToken, and
// for kTokenPair the [heads, queries, keys] blocks of all rows, flat. Tokens
// are those of the rows that the output belongs to.
using PackedOutputs = std::vector<HostTensor>;

// Packs the rows of all requests in order. Inputs were validated.
PackedBatch Pack(absl::Span<const InferenceInput* const> inputs,
                 const Architecture& architecture);

// Where the pairs of tokens of each row begin, in numbers of one head, and
// where the last ones end: row s of the queries looks at row s of the keys.
std::vector<int64_t> PairOffsets(const PackedRows& queries,
                                 const PackedRows& keys);

// The reverse, one answer a request: padding is zero. `outputs` must be the
// answer to `batch`, which was packed from `inputs`.
std::vector<InferenceOutput> Unpack(
    const PackedOutputs& outputs, const PackedBatch& batch,
    absl::Span<const InferenceInput* const> inputs, const Signature& signature);

}  // namespace transformerd
