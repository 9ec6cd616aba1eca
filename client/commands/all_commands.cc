#include "client/commands/all_commands.h"

#include "client/commands/embed.h"
#include "client/commands/infer.h"
#include "client/commands/list.h"
#include "client/commands/load.h"
#include "client/commands/plan.h"
#include "client/commands/status.h"
#include "client/commands/tokenize.h"
#include "client/commands/unload.h"
#include "client/commands/watch.h"

namespace transformerd {

absl::Span<const Command> AllCommands() {
  static const Command kCommands[] = {
      kStatusCommand, kListCommand,  kLoadCommand,
      kUnloadCommand, kPlanCommand,  kWatchCommand,
      kInferCommand,  kEmbedCommand, kTokenizeCommand,
  };
  return kCommands;
}

}  // namespace transformerd
