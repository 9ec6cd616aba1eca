// transformerctl tokenize
#pragma once

#include "client/commands/command.h"

namespace transformerd {

extern const Command kTokenizeCommand;

}  // namespace transformerd
