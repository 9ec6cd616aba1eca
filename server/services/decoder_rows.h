// What a decoder reads in requests that do not say it.
#pragma once

#include "absl/status/status.h"
#include "model/runtime/inference.h"
#include "model/runtime/signature.h"

namespace transformerd {

// Gives the decoder the encoder's rows again where the request has none for it
// and the model does so. INVALID_ARGUMENT, naming the tensor, where these rows
// are vectors, and, naming the row as well, where the model looks at the place
// of a token that a row lacks, or that lies behind the decoder's row. Pure;
// changes nothing for models without a decoder.
absl::Status CompleteDecoder(const Signature& signature, InferenceInput& input);

}  // namespace transformerd
