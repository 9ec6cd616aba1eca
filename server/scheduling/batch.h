// Jobs of one model that leave its queue together, and how they end.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "model/runtime/loaded_model.h"
#include "server/scheduling/clock.h"
#include "server/scheduling/queue_observer.h"
#include "server/scheduling/request_queue.h"

namespace transformerd {

// Each job must be handed to exactly one of the functions below, with no lock
// held: they call `done` and drop what keeps the model alive.
struct Batch {
  LoadedModel* model = nullptr;
  std::string model_name;  // for messages
  QueueObserver* observer = nullptr;
  std::vector<WaitingJob> jobs;
};

// Runs the jobs on `worker` and completes each with its answer, or all with one
// error: RESOURCE_EXHAUSTED as the model said it, anything else INTERNAL.
void Run(Batch batch, int worker, const Clock& clock);

// Completes the jobs, which were not run, with `status`. Of a job in parts
// these are all that are left.
void Drop(Batch batch, const absl::Status& status);

}  // namespace transformerd
