// How a load ended, for people and as a Status.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "proto/model_service.pb.h"

namespace transformerd {

// "version 1: 22713216 parameters, 90.9 MB in memory, 90.9 MB read at 1.80
// GB/s, 0.10 s, peak 90.9 MB".
std::string LoadedText(const v1::LoadedVersion& version);

// The outcome as the load's own call has it.
absl::Status OutcomeStatus(const v1::LoadOutcome& outcome);

}  // namespace transformerd
