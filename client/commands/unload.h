// transformerctl unload
#pragma once

#include "client/commands/command.h"

namespace transformerd {

extern const Command kUnloadCommand;

}  // namespace transformerd
