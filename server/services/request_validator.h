// From the wire to the model: checks a request completely, so that whatever
// passes can be run.
#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "model/runtime/inference.h"
#include "model/runtime/signature.h"
#include "proto/inference.pb.h"
#include "server/services/request_parameters.h"
#include "server/services/text_rows.h"

namespace transformerd {

// A request that a model of the given signature can run as it is.
struct ValidatedRequest {
  // Where there is text, only the outputs: its rows are still to be tokenized.
  InferenceInput input;
  std::optional<TextRows> text;
  RequestParameters parameters;
  // How the answer goes out: in raw_output_contents, or in typed contents.
  bool raw_outputs = false;
};

// Pure. Takes tensors in any order, by name. Errors are INVALID_ARGUMENT and
// name the tensor (FieldOf), what was given and what is allowed.
//
// Rules: inputs are INT64 or INT32 of one shape [batch, tokens], at least
// [1, 1]; values lie within the signature's limits, masked ones too; the mask
// is 0 or 1 and leaves each row a token; tokens, masked ones too, are at most
// max_sequence_length. In the place of the first input may stand inputs_embeds,
// FP32 [batch, tokens, size]. Models that take images get FP32 [batch,
// channels, height, width]; modules of several inputs get whole tensors (see
// ReadTensors). A decoder's
// inputs have a shape of their own with the same batch and the same rules;
// without them the model must say what its decoder reads. Or the inputs are
// texts, as many as CheckTextRows wants, whose tokens EncodeRow checks. The
// answer fits into one message. No work or memory beyond the order of the
// request's own size.
absl::StatusOr<ValidatedRequest> ValidateRequest(
    const inference::ModelInferRequest& request, const Signature& signature);

}  // namespace transformerd
