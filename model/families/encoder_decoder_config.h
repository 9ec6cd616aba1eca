// What families of an encoder and a decoder have in common.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "model/config/architecture.h"
#include "model/config/config_reader.h"

namespace transformerd {

// A dense layer with tanh at the end token for classes of rows, else the output
// layer alone on each token.
HeadRecipe EncoderDecoderHead(HeadKind kind);

struct DecoderTokens {
  std::optional<int64_t>
      start;  // none: requests must say what the decoder reads
  int64_t end;
};

// Reads the token that stands before the encoder's where the decoder reads them
// again, and the one that heads of rows look at. Absent ones take `otherwise`.
// Errors: CONFIG_INVALID naming the key.
absl::Status ReadDecoderTokens(const ConfigReader& config,
                               const DecoderTokens& otherwise,
                               Architecture& out);

}  // namespace transformerd
