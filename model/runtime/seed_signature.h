// Inputs and outputs of AllenNLP's modules, under their own names.
#pragma once

#include "model/config/architecture.h"
#include "model/runtime/signature.h"

namespace transformerd {

// `architecture.seed` must be set (CHECK).
Signature MakeSeedSignature(const Architecture& architecture);

}  // namespace transformerd
