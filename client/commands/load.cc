#include "client/commands/load.h"

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/commands/json_text.h"
#include "client/commands/load_outcome.h"
#include "client/commands/load_progress.h"
#include "client/commands/message_json.h"
#include "client/model_client.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"

namespace transformerd {
namespace {

constexpr FlagSpec kFlags[] = {
    {"param", "KEY=VALUE",
     "a load parameter, such as architecture=BertModel; may be repeated"},
};

Parameter ParseParameter(const std::string& text) {
  if (text == "true") return true;
  if (text == "false") return false;
  int64_t integer = 0;
  if (absl::SimpleAtoi(text, &integer)) return integer;
  return text;
}

// An error has room for the first keys only; the index holds the whole report.
absl::Status WithReportOfIndex(absl::Status error, const std::string& model,
                               Client& client) {
  const absl::StatusOr<std::vector<ModelListing>> models =
      client.RepositoryIndex();
  if (!models.ok()) return error;
  for (const ModelListing& listing : *models) {
    if (listing.name == model && !listing.reason.empty()) {
      return WithFullReport(std::move(error), listing.reason);
    }
  }
  return error;
}

// The versions with what their loads did; none from servers that do not tell.
absl::StatusOr<v1::LoadModelResponse> Load(CommandContext& context,
                                           const std::string& model,
                                           const Parameters& parameters) {
  ASSIGN_OR_RETURN(const std::unique_ptr<ModelClient> models,
                   ModelClient::Create(context.line.connection));
  ModelClient::OnProgress on_progress;
  const auto display =
      std::make_shared<ProgressDisplay>(context.err, context.err_is_terminal);
  if (!context.line.json) {
    on_progress = [display](const v1::WatchModelResponse& update) {
      display->Show(update);
    };
  }
  absl::StatusOr<v1::LoadModelResponse> loaded = models->LoadModel(
      model, parameters, on_progress, context.line.LongCall());
  if (!absl::IsUnimplemented(loaded.status())) return loaded;
  // A server of another kind: its load works all the same.
  RETURN_IF_ERROR(
      context.client.Load(model, parameters, context.line.LongCall()));
  return v1::LoadModelResponse();
}

absl::Status RunLoad(CommandContext& context) {
  const std::string& model = context.line.arguments[0];
  ASSIGN_OR_RETURN(const Parameters parameters,
                   ParseParameters(context.line.Values("param")));
  absl::StatusOr<v1::LoadModelResponse> loaded =
      Load(context, model, parameters);
  if (!loaded.ok()) {
    if (!ReasonOf(loaded.status()).has_value()) return loaded.status();
    return WithReportOfIndex(loaded.status(), model, context.client);
  }
  if (context.line.json) {
    nlohmann::json json = {{"model", model}, {"state", "READY"}};
    if (loaded->versions_size() > 0) {
      json["versions"] = AsJson(*loaded)["versions"];
    }
    context.out << JsonText(json);
    return absl::OkStatus();
  }
  context.out << "model '" << model << "' is loaded\n";
  for (const v1::LoadedVersion& version : loaded->versions()) {
    context.out << "  " << LoadedText(version) << "\n";
  }
  return absl::OkStatus();
}

}  // namespace

const Command kLoadCommand = {
    "load", "NAME", 1, "load a model, or load it anew", kFlags, RunLoad};

absl::StatusOr<Parameters> ParseParameters(
    const std::vector<std::string>& texts) {
  Parameters parameters;
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return UsageError(absl::StrCat("--param: '", text, "' is not KEY=VALUE"));
    }
    const std::string key = text.substr(0, equals);
    if (!parameters.emplace(key, ParseParameter(text.substr(equals + 1)))
             .second) {
      return UsageError(absl::StrCat("--param: '", key, "' is given twice"));
    }
  }
  return parameters;
}

}  // namespace transformerd
