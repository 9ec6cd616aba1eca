// How alike texts are.
#pragma once

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "client/types.h"

namespace transformerd {

// similarities[i][j] belongs to texts i and j.
using Similarities = std::vector<std::vector<double>>;

// The cosine of the angle between each two of `embeddings`, which must be of
// one width. Not a number where one of them has the length 0.
Similarities CosineSimilarities(absl::Span<const TextEmbedding> embeddings);

// A line and a column for each text; texts are cut to fit lines into `columns`.
std::string SimilarityTable(const std::vector<std::string>& texts,
                            const Similarities& similarities, int columns);

}  // namespace transformerd
