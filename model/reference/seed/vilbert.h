// AllenNLP's ViLBERT backbone over padded rows (Lu et al., 2019).
#pragma once

#include "model/modules/seed/seed_modules.h"
#include "model/reference/seed/seed_call.h"

namespace transformerd {

void Run(const VilbertBackboneModule& module, SeedCall& call);

}  // namespace transformerd
