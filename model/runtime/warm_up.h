// The request that a model answers before it is ready.
#pragma once

#include "model/runtime/inference.h"
#include "model/runtime/signature.h"

namespace transformerd {

// One row of one token, or one image, for all default outputs.
InferenceInput WarmUpInput(const Signature& signature);

}  // namespace transformerd
