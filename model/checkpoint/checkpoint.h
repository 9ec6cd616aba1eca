// Finds and opens the weights in a model's folder.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "model/checkpoint/checkpoint_reader.h"

namespace transformerd {

// Opens model.safetensors, else the shards of model.safetensors.index.json;
// other formats beside them are left alone. Errors are LoadErrors that name
// files relative to the folder: WEIGHTS_NOT_FOUND where there is nothing,
// UNSUPPORTED where there is only pytorch_model.bin, else those of
// safetensors.h and sharded.h.
absl::StatusOr<std::unique_ptr<CheckpointReader>> OpenCheckpoint(
    const std::string& directory);

// Opens the file `name` of the folder, or the shards of an index, whatever else
// lies there. Errors as above, and INVALID_ARGUMENT with field "weights_path"
// where `name` is a path or of no known format.
absl::StatusOr<std::unique_ptr<CheckpointReader>> OpenCheckpointFile(
    const std::string& directory, const std::string& name);

}  // namespace transformerd
