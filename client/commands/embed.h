// transformerctl embed
#pragma once

#include "client/commands/command.h"

namespace transformerd {

extern const Command kEmbedCommand;

}  // namespace transformerd
