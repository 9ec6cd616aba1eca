// The step of a load that moves the weights.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "model/checkpoint/checkpoint_reader.h"
#include "model/loading/load_control.h"
#include "model/loading/load_plan.h"
#include "model/runtime/loaded_model.h"
#include "model/runtime/replica.h"
#include "model/runtime/worker_layout.h"

namespace transformerd {

// Gives every replica an arena with the weights as the plan says, by the
// layout's transport and strategy, and reports the bytes read and sent. Slots
// are only looked at.
//
// Replicas on GPUs get memory there; those that have read keep their arena,
// too.
absl::Status StreamWeights(const LoadPlan& plan, const CheckpointReader& reader,
                           const WorkerLayout& workers, LoadControl& control,
                           std::vector<Replica>& replicas, LoadReport& report);

}  // namespace transformerd
