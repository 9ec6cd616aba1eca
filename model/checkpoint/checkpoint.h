// Finds and opens the weights in a model's folder.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "model/checkpoint/checkpoint_reader.h"

namespace transformerd {

// Opens the first of these that is there and leaves the others alone:
// model.safetensors, the shards of model.safetensors.index.json,
// pytorch_model.bin, the shards of pytorch_model.bin.index.json. A damaged one
// is not passed over. Errors are LoadErrors that name files relative to the
// folder: WEIGHTS_NOT_FOUND where there is nothing, else those of
// safetensors.h, torch_file.h and sharded.h.
absl::StatusOr<std::unique_ptr<CheckpointReader>> OpenCheckpoint(
    const std::string& directory);

// Opens the file of that name in the folder, whatever else is there: an index
// of shards where the name ends in .json, else weights in any format (see
// weights_file.h). PATH_ESCAPE where it is no plain file name.
absl::StatusOr<std::unique_ptr<CheckpointReader>> OpenCheckpointFile(
    const std::string& directory, absl::string_view file_name);

}  // namespace transformerd
