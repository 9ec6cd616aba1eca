#include "client/commands/watch.h"

#include <memory>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/commands/json_text.h"
#include "client/commands/load_outcome.h"
#include "client/commands/load_progress.h"
#include "client/commands/message_json.h"
#include "client/commands/text_table.h"
#include "client/model_client.h"
#include "model/base/status_macros.h"

namespace transformerd {
namespace {

constexpr FlagSpec kFlags[] = {
    {"follow", "", "stay after the end of a load, and where there is none"},
};

// What an update says besides progress; empty for progress alone.
std::string StateText(const v1::WatchModelResponse& update) {
  if (update.has_progress() && !update.has_outcome()) return "";
  std::string text = absl::StrCat(
      "model '", update.model(), "'",
      update.version().empty() ? "" : " version ", update.version(), ": ",
      absl::AsciiStrToLower(v1::Model::State_Name(update.state())));
  if (update.has_outcome() && update.outcome().code() != "OK") {
    absl::StrAppend(&text, ", the load ended with ", update.outcome().code(),
                    ": ", update.outcome().message());
  } else if (!update.reason().empty()) {
    absl::StrAppend(&text, ", ", update.reason());
  }
  for (const v1::LoadedVersion& version : update.outcome().versions()) {
    absl::StrAppend(&text, "\n  ", LoadedText(version));
  }
  return WithoutControls(text) + "\n";
}

absl::Status RunWatch(CommandContext& context) {
  ASSIGN_OR_RETURN(const std::unique_ptr<ModelClient> client,
                   ModelClient::Create(context.line.connection));
  v1::WatchModelRequest request;
  request.set_model(context.line.arguments[0]);
  request.set_follow(!context.line.Values("follow").empty());
  absl::Status outcome;
  auto display = std::make_unique<ProgressDisplay>(
      context.err_is_terminal ? context.err : context.out,
      context.err_is_terminal);
  const auto show = [&](const v1::WatchModelResponse& update) {
    if (update.has_outcome()) outcome = OutcomeStatus(update.outcome());
    if (context.line.json) {
      context.out << JsonText(AsJson(update)) << std::flush;
      return true;
    }
    display->Show(update);
    if (const std::string text = StateText(update); !text.empty()) {
      // Where the bar was.
      display = std::make_unique<ProgressDisplay>(
          context.err_is_terminal ? context.err : context.out,
          context.err_is_terminal);
      context.out << text << std::flush;
    }
    return true;
  };
  RETURN_IF_ERROR(client->WatchModel(request, show, context.line.LongCall()));
  return outcome;
}

}  // namespace

const Command kWatchCommand = {
    "watch", "NAME",  1, "follow a load to its end, or show a model's state",
    kFlags,  RunWatch};

}  // namespace transformerd
