// transformerctl status
#pragma once

#include "client/commands/command.h"

namespace transformerd {

extern const Command kStatusCommand;

}  // namespace transformerd
