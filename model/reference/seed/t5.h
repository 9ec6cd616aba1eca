// AllenNLP's T5 over padded rows.
#pragma once

#include "model/modules/seed/seed_modules.h"
#include "model/reference/seed/seed_call.h"

namespace transformerd {

// Encoder alone, or encoder and decoder where there is something to decode.
void Run(const T5Module& module, SeedCall& call);

}  // namespace transformerd
