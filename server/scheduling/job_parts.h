// Jobs of more rows than one batch takes.
#pragma once

#include <vector>

#include "server/scheduling/batching_policy.h"
#include "server/scheduling/job.h"

namespace transformerd {

// Cuts a job between its rows into jobs within the limits, so that no forward
// pass is larger than they say and idle workers share the work; a single row
// over a limit stays whole, and so do jobs of whole tensors. A job that fits
// comes back as it is.
//
// `done` of the job is called when all parts are completed: with the answers'
// rows in order, or with the error of the first part that got one. Parts that
// are destroyed uncompleted call nothing.
std::vector<Job> CutIntoParts(Job job, const BatchLimits& limits);

}  // namespace transformerd
