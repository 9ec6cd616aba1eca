// transformerctl watch
#pragma once

#include "client/commands/command.h"

namespace transformerd {

extern const Command kWatchCommand;

}  // namespace transformerd
