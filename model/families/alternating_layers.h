// Layers that see all tokens of a row between such that see a neighbourhood, in
// the config.json files of encoders.
#pragma once

#include "absl/status/status.h"
#include "model/config/architecture.h"
#include "model/config/config_reader.h"

namespace transformerd {

// Reads the kind of each layer (layer_types, or one global layer every
// global_attn_every_n_layers), the width of the neighbourhood (local_attention)
// and the rotation of both kinds into variants of the stack, whose heads,
// layers and longest row are known. The longest row then is that of the global
// layers: the others look no farther than their neighbourhood.
// Errors: CONFIG_INVALID naming the key; UNSUPPORTED for an unknown scaling.
absl::Status ReadAlternatingLayers(const ConfigReader& config,
                                   Architecture& out);

}  // namespace transformerd
