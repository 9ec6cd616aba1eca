// What a model takes and gives, independent of any protocol.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "model/base/dtype.h"
#include "model/base/shape.h"
#include "model/runtime/tensor_spec.h"

namespace transformerd {

enum class InputKind {
  kTokens,   // integers [batch, tokens]
  kVectors,  // floats [batch, tokens, size], in the place of ids
  kText,     // UTF-8 [batch, 1], or [batch]
  kPixels,   // floats [batch, channels, height, width]
  kTensor,   // a whole tensor, see TensorSpec
};

struct InputSpec {
  std::string name;  // "input_ids", "attention_mask", "text", ...
  bool optional = true;
  // Of kTokens: allowed values are [0, limit).
  int64_t limit = 0;
  InputKind kind = InputKind::kTokens;
  // Of kVectors: numbers a token.
  int64_t vector_size = 0;
  // Of kPixels: channels, height, width.
  Shape image;
  // The tokens are the decoder's; see InferenceInput::decoder.
  bool of_decoder = false;
  // Of kTensor.
  TensorSpec tensor;

  // Nothing for text, which has none.
  std::optional<DType> dtype() const;
  // The whole shape, with -1 for batch and tokens; the first of a tensor's.
  Shape FullShape() const;
};

// What one row of an output belongs to.
enum class OutputRows {
  kSequence,   // [batch, ...]
  kToken,      // [batch, tokens, ...]
  kTokenPair,  // [batch, heads, tokens, tokens]: queries, keys
  kTensor,     // whole tensors: row_shape is all of the shape, with symbols
};

// What an output holds.
enum class OutputKind {
  kLastHiddenState,
  kPoolerOutput,
  kSentenceEmbedding,
  kLogits,  // of the class's head, a row of labels or vocabulary
  kStartLogits,
  kEndLogits,
  kPairLogits,  // of two texts, as in pre-training
  kTextEmbeds,
  kHiddenState,  // what enters layer `layer`; the last one leaves the encoder
  kAttention,    // probabilities of layer `layer`
  // The same of models with a decoder, whose kLastHiddenState is the decoder's
  // and whose kHiddenState and kAttention are the encoder's.
  kEncoderLastHiddenState,
  kDecoderHiddenState,
  kDecoderAttention,
  kCrossAttention,
  kTensor,  // of a module that takes whole tensors: known by its name
};

struct OutputSpec {
  std::string name;  // "last_hidden_state", "hidden_states.0", ...
  OutputKind kind = OutputKind::kLastHiddenState;
  int layer = 0;  // of those that each layer has
  OutputRows rows = OutputRows::kSequence;
  // Extents behind [batch] or [batch, tokens]; the number of heads for
  // kTokenPair. Empty for one number a row.
  Shape row_shape;
  // The tokens, or queries, are the decoder's; so are the keys.
  bool of_decoder = false, keys_of_decoder = false;
  // Given to requests that name no outputs.
  bool is_default = false;
  DType dtype = DType::kF32;
  // An input without which there is no such output, of those that are optional;
  // "a|b" is either of two. Empty: always there.
  std::string needs;

  // The whole shape, with -1 for batch and tokens.
  Shape FullShape() const;
};

struct Signature {
  // The first one is required with all that are not optional. One of kVectors
  // takes the place of the first, "text" that of all: a row is either ids, or
  // vectors, or text.
  std::vector<InputSpec> inputs;
  std::vector<OutputSpec> outputs;
  // Longest row taken, in tokens.
  int64_t max_sequence_length = 0;
  // The same for rows that come as text: at most max_sequence_length.
  int64_t max_text_tokens = 0;
  // There is a decoder, and requests without tokens for it get their own behind
  // this one; see ShiftRight.
  std::optional<int64_t> decoder_start_token_id;
  // Each row must have this token, whose last place must be in the decoder's
  // row as well.
  std::optional<int64_t> eos_token_id;
  // Rows of vectors must not end in masked tokens: the model looks at the last
  // token that is not padding, and ids alone tell which one that is.
  bool needs_whole_vector_rows = false;
  // Inputs are of kTensor: requests run one by one, each as it is.
  bool takes_tensors = false;

  // Whether some inputs are the decoder's.
  bool has_decoder() const;
  // Index of an output, nothing if there is none of that name.
  std::optional<int> FindOutput(absl::string_view name) const;
  const InputSpec* FindInput(absl::string_view name) const;
};

}  // namespace transformerd
