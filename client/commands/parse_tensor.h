// Tensors from the command line.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/types.h"

namespace transformerd {

// The values that were given for one input, as the tensor that `description`
// asks for. Numbers are separated by ',', rows by ';', and each entry of
// `texts` adds rows to the one before. For strings each entry is one string.
//
// UsageError where a value is not of the datatype or the rows do not fit the
// shape.
absl::StatusOr<Tensor> ParseTensor(const TensorDescription& description,
                                   const std::vector<std::string>& texts);

}  // namespace transformerd
