#include "client/commands/unload.h"

#include <memory>
#include <string>

#include "client/commands/json_text.h"
#include "client/commands/load_progress.h"
#include "client/model_client.h"
#include "model/base/status_macros.h"

namespace transformerd {
namespace {

absl::Status RunUnload(CommandContext& context) {
  const std::string& model = context.line.arguments[0];
  ASSIGN_OR_RETURN(const std::unique_ptr<ModelClient> models,
                   ModelClient::Create(context.line.connection));
  absl::StatusOr<v1::UnloadModelResponse> unloaded =
      models->UnloadModel(model, context.line.LongCall());
  const bool tells_bytes = unloaded.ok();
  if (absl::IsUnimplemented(unloaded.status())) {
    // A server of another kind.
    RETURN_IF_ERROR(context.client.Unload(model, context.line.LongCall()));
  } else {
    RETURN_IF_ERROR(unloaded.status());
  }
  if (context.line.json) {
    nlohmann::json json = {{"model", model}, {"state", "UNAVAILABLE"}};
    if (tells_bytes) json["released_bytes"] = unloaded->released_bytes();
    context.out << JsonText(json);
    return absl::OkStatus();
  }
  context.out << "model '" << model << "' is unloaded";
  if (tells_bytes) {
    context.out << ", " << BytesText(unloaded->released_bytes())
                << " of weights are free";
  }
  context.out << "\n";
  return absl::OkStatus();
}

}  // namespace

const Command kUnloadCommand = {
    "unload", "NAME", 1, "unload a model and free its memory", {}, RunUnload};

}  // namespace transformerd
