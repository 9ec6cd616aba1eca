// What DeBERTa's config.json says beyond other encoders'.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "model/config/architecture.h"
#include "model/config/config_reader.h"

namespace transformerd {

// Reads how scores depend on distances, and the convolution, into the stack of
// `out`, whose dimensions are known. Errors: CONFIG_INVALID naming the key;
// UNSUPPORTED for other kinds of scores or norms.
absl::Status ReadDisentangled(const ConfigReader& config, Architecture& out);

// Reads the tables of embeddings.
absl::Status ReadEmbeddings(const ConfigReader& config, int64_t hidden_size,
                            EmbeddingRecipe& embedding);

}  // namespace transformerd
