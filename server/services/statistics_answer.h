// Statistics of a model in the protocol's words.
#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"
#include "proto/inference.pb.h"
#include "server/metrics/model_statistics.h"

namespace transformerd {

// One entry of the answer of ModelStatistics.
inference::ModelStatistics DescribeStatistics(
    absl::string_view name, int64_t version,
    const StatisticsSnapshot& snapshot);

}  // namespace transformerd
