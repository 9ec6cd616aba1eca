// Inputs and outputs of a model class.
#pragma once

#include "model/config/architecture.h"
#include "model/config/pooling.h"
#include "model/runtime/signature.h"

namespace transformerd {

// `has_pooler`: the pooler was loaded. `pooling`: how sentence_embedding is
// made; kNone leaves it out, as does any class with a head.
Signature MakeSignature(const Architecture& architecture, bool has_pooler,
                        PoolingKind pooling);

}  // namespace transformerd
