// What the files of sentence-transformers say about a model's sentence vector.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "model/config/pooling.h"

namespace transformerd {

struct SentenceTransformersConfig {
  // Nothing where the folder says nothing.
  std::optional<PoolingKind> pooling;
  // Scale the pooled vector to length 1.
  bool normalize = false;
  // Longest row in tokens, special ones included.
  std::optional<int64_t> max_sequence_length;
  // Lower-case texts before they are tokenized.
  bool lower_case = false;
};

// Reads modules.json and what it points to. All members are empty where the
// folder has no modules.json. Errors: LoadError with CONFIG_NOT_FOUND,
// CONFIG_INVALID, PATH_ESCAPE, and UNSUPPORTED where the vector is made in a
// way that this project does not know.
absl::StatusOr<SentenceTransformersConfig> ReadSentenceTransformersConfig(
    const std::string& model_directory);

}  // namespace transformerd
