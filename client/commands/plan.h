// transformerctl plan
#pragma once

#include <string>

#include "client/commands/command.h"
#include "proto/model_service.pb.h"

namespace transformerd {

extern const Command kPlanCommand;

// A table for each version, its keys that do not fit, and whether all fits.
std::string PlanText(const v1::PlanLoadResponse& plan);

}  // namespace transformerd
