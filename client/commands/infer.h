// transformerctl infer
#pragma once

#include "client/commands/command.h"

namespace transformerd {

extern const Command kInferCommand;

}  // namespace transformerd
