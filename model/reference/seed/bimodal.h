// AllenNLP's two-stream modules over padded rows.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "model/modules/seed/seed_modules.h"
#include "model/reference/seed/seed_call.h"

namespace transformerd {

// Masks are zeros and ones; any of them may be undefined.
struct BiModalInput {
  at::Tensor states1, states2;
  at::Tensor mask1, mask2;
  at::Tensor co_mask;  // [B,1,T1,T2]
};

struct BiModalResult {
  at::Tensor states1, states2;  // behind the last layers
  // Behind each connection, [B,T,D,connections].
  at::Tensor encoded1, encoded2;
};

BiModalResult Encode(const BiModalEncoderModule& module,
                     const BiModalInput& input);

void Run(const BiModalAttentionModule& module, SeedCall& call);
void Run(const BiModalEncoderModule& module, SeedCall& call);

}  // namespace transformerd
