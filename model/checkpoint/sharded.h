// Checkpoints in several files with an index.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "model/checkpoint/checkpoint_reader.h"

namespace transformerd {

// Opens every shard that the index names and checks that each listed tensor is
// in its shard; tensors that the index does not list are entries like others.
// Shards may be of any format that weights_file.h opens. Errors are LoadErrors:
// those of weights_file.h, of shard_index.h, and SHARD_NOT_FOUND,
// INDEX_MISMATCH, DUPLICATE_NAME (a key in two shards).
absl::StatusOr<std::unique_ptr<CheckpointReader>> OpenSharded(
    const std::string& directory, const std::string& index_name);

}  // namespace transformerd
