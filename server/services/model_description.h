// What a model looks like from outside, in the protocol's words.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "proto/inference.pb.h"
#include "server/lifecycle/model_handle.h"

namespace transformerd {

// The answer of ModelMetadata. `versions` are those that are ready. Shapes
// hold the batch dimension.
inference::ModelMetadataResponse DescribeModel(
    const ModelHandle& handle, absl::Span<const int64_t> versions);

// The answer of ModelConfig. max_batch_size is the model's max_batch_requests,
// and dims leave the batch dimension out.
inference::ModelConfig DescribeServing(const ModelHandle& handle);

}  // namespace transformerd
