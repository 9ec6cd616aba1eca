// How transformerctl prints the answer of a model.
#pragma once

#include <cstdint>
#include <string>

#include "client/types.h"

namespace transformerd {

// A line for each output and below it one for each row, with the first
// `num_values` values of the row; 0 for all.
std::string InferResultAsText(const InferResult& result, int64_t num_values);

// One line of JSON with all values, as in the protocol's form over HTTP.
std::string InferResultAsJson(const InferResult& result);

}  // namespace transformerd
