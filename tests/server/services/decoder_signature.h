// What a model of an encoder and a decoder takes.
#pragma once

#include "model/runtime/signature.h"

namespace transformerd {

// 100 words, rows of up to 4 tokens; the decoder's tokens must be given.
inline Signature DecoderSignature() {
  Signature signature;
  InputSpec ids = {"decoder_input_ids", /*optional=*/false, 100};
  ids.of_decoder = true;
  InputSpec mask = {"decoder_attention_mask", /*optional=*/true, 2};
  mask.of_decoder = true;
  signature.inputs = {{"input_ids", /*optional=*/false, 100},
                      {"attention_mask", /*optional=*/true, 2},
                      ids,
                      mask};
  signature.max_sequence_length = 4;
  return signature;
}

}  // namespace transformerd
