// What a forward pass takes from its batch: made on the host before it begins,
// and sent at once.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>

#include "model/reference/attention_context.h"
#include "model/reference/embedding.h"
#include "model/reference/pass_classes.h"
#include "model/reference/pooling.h"
#include "model/reference/tensor_block.h"

namespace transformerd {

// Of the rows of one stack.
struct StackInputs {
  TableRows table_rows;
  AttentionInputs attention;
};

// What a pass has no use for is undefined.
struct PassInputs {
  StackInputs encoder;  // or the only stack
  StackInputs decoder;
  PooledTokens sentence_tokens, pooler_tokens, head_tokens;
};

// Replaces tensors of the host by copies on `device`; on the CPU they stay.
void Send(PassInputs& inputs, at::Device device);

// Memory for the inputs of passes that are all of one size, which batches of
// fewer tokens or rows are filled up to: with tokens that no row has, and rows
// that have no tokens. Not thread-safe.
class PassInputMemory {
 public:
  // For inputs such as these, of the host and at most as large, of models
  // without a decoder. `device` is not the CPU.
  PassInputMemory(PassInputs like, const PassSize& size, at::Device device);

  // Replaces tensors of the host by those of the memory, always the same, and
  // has the current stream copy them there. Rows may then be as long as the
  // pass has tokens. The stream must have come by the copies of the call
  // before.
  void Fill(PassInputs& inputs);

 private:
  TensorBlock block_;
  int64_t longest_;
};

}  // namespace transformerd
