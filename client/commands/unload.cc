#include "client/commands/unload.h"

#include "client/commands/json_text.h"
#include "model/base/status_macros.h"

namespace transformerd {
namespace {

absl::Status RunUnload(CommandContext& context) {
  const std::string& model = context.line.arguments[0];
  RETURN_IF_ERROR(context.client.Unload(model));
  if (context.line.json) {
    context.out << JsonText({{"model", model}, {"state", "UNAVAILABLE"}});
  } else {
    context.out << "model '" << model << "' is unloaded\n";
  }
  return absl::OkStatus();
}

}  // namespace

const Command kUnloadCommand = {
    "unload", "NAME", 1, "unload a model and free its memory", {}, RunUnload};

}  // namespace transformerd
