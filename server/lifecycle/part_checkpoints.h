// Where the checkpoints lie that the parts of a model come from.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "model/runtime/loaded_model.h"
#include "server/lifecycle/repository_folder.h"

namespace transformerd {

// Sets the folder of each part. FAILED_PRECONDITION naming the part where the
// repository has no such model or version, and where that model is made of
// parts itself (of this one, say): a checkpoint is a folder with weights.
absl::Status FindCheckpoints(const RepositoryFolder& folder,
                             std::vector<PartOptions>& parts);

}  // namespace transformerd
