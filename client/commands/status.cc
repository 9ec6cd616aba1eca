#include "client/commands/status.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/commands/json_text.h"
#include "client/commands/list.h"
#include "client/commands/text_table.h"
#include "model/base/status_macros.h"
#include "nlohmann/json.hpp"

namespace transformerd {
namespace {

struct ServerStatus {
  bool live = false;
  bool ready = false;
  ServerDescription server;
  // Nothing for servers that do not list their models.
  std::optional<std::vector<ModelListing>> models;
};

absl::StatusOr<ServerStatus> AskServer(Client& client) {
  ServerStatus status;
  ASSIGN_OR_RETURN(status.live, client.ServerLive());
  ASSIGN_OR_RETURN(status.ready, client.ServerReady());
  ASSIGN_OR_RETURN(status.server, client.ServerMetadata());
  absl::StatusOr<std::vector<ModelListing>> models = client.RepositoryIndex();
  if (models.ok()) {
    status.models = *std::move(models);
  } else if (!absl::IsUnimplemented(models.status())) {
    return models.status();
  }
  return status;
}

std::string Summary(const std::vector<ModelListing>& models) {
  const auto ready = std::count_if(
      models.begin(), models.end(),
      [](const ModelListing& model) { return model.state == "READY"; });
  return absl::StrCat(models.size(), ", ", ready, " ready");
}

std::string AsText(const ServerStatus& status, const std::string& address) {
  TextTable table;
  table.AddRow({"address", address});
  table.AddRow(
      {"server", absl::StrCat(status.server.name, " ", status.server.version)});
  table.AddRow({"live", status.live ? "yes" : "no"});
  table.AddRow({"ready", status.ready ? "yes" : "no"});
  table.AddRow({"extensions", absl::StrJoin(status.server.extensions, ", ")});
  table.AddRow({"models", status.models.has_value()
                              ? Summary(*status.models)
                              : "not listed by this server"});
  std::string text = table.ToString();
  if (status.models.has_value() && !status.models->empty()) {
    absl::StrAppend(&text, "\n", ModelTable(*status.models));
  }
  return text;
}

nlohmann::json AsJson(const ServerStatus& status, const std::string& address) {
  nlohmann::json json = {{"address", address},
                         {"live", status.live},
                         {"ready", status.ready},
                         {"name", status.server.name},
                         {"version", status.server.version},
                         {"extensions", status.server.extensions}};
  if (status.models.has_value()) json["models"] = ModelsAsJson(*status.models);
  return json;
}

absl::Status RunStatus(CommandContext& context) {
  ASSIGN_OR_RETURN(const ServerStatus status, AskServer(context.client));
  const std::string& address = context.line.connection.address;
  context.out << (context.line.json ? JsonText(AsJson(status, address))
                                    : AsText(status, address));
  return absl::OkStatus();
}

}  // namespace

const Command kStatusCommand = {
    "status", "", 0, "whether the server is live and ready, and its models", {},
    RunStatus};

}  // namespace transformerd
