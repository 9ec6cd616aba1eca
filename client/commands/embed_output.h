// How transformerctl prints embeddings.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "client/types.h"
#include "nlohmann/json.hpp"

namespace transformerd {

// A line for each text with the first `num_values` values, 0 for all; texts are
// cut to fit lines into `columns`.
std::string EmbedResultAsText(const std::vector<std::string>& texts,
                              const EmbedResult& result, int64_t num_values,
                              int columns);

// Model, version, and a list of objects with text, num_tokens and all values.
nlohmann::json EmbedResultAsJson(const std::vector<std::string>& texts,
                                 const EmbedResult& result);

}  // namespace transformerd
