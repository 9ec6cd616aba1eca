// Inputs and outputs of a model class.
#pragma once

#include <cstdint>
#include <optional>

#include "model/config/architecture.h"
#include "model/config/pooling.h"
#include "model/runtime/signature.h"
#include "model/text/tokenizer.h"

namespace transformerd {

// What of a model stands in files beside config.json and weights.
struct ModelSurroundings {
  // The pooler was loaded.
  bool has_pooler = false;
  // How sentence_embedding is made; kNone leaves it out, as does any class with
  // a head.
  PoolingKind pooling = PoolingKind::kNone;
  // Null: the model takes no text.
  const Tokenizer* tokenizer = nullptr;
  // Longest text in tokens, where something limits it below what the model
  // takes.
  std::optional<int64_t> max_text_tokens;
};

Signature MakeSignature(const Architecture& architecture,
                        const ModelSurroundings& surroundings);

}  // namespace transformerd
