// One file of weights, in any format that this project reads.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "model/checkpoint/checkpoint_reader.h"

namespace transformerd {

// Opens a safetensors file or one of torch.save: by its name where that ends in
// .safetensors, .bin, .pt or .pth, else by how it begins. Errors are those of
// safetensors.h and torch_file.h, and UNSUPPORTED for a file that is neither.
absl::StatusOr<std::unique_ptr<CheckpointReader>> OpenWeightsFile(
    const std::string& path);

}  // namespace transformerd
