// Checkpoints in one safetensors file.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "model/checkpoint/checkpoint_reader.h"

namespace transformerd {

// Opens the file and checks all of its header; no tensor is read. The reader
// keeps the file open. Errors are LoadErrors that name the file without its
// folder: WEIGHTS_NOT_FOUND where it cannot be opened, else the rule that it
// breaks (see safetensors_header.h).
absl::StatusOr<std::unique_ptr<CheckpointReader>> OpenSafetensors(
    const std::string& path);

}  // namespace transformerd
