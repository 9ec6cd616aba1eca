#include "client/commands/load.h"

#include <cstdint>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/commands/json_text.h"
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

absl::Status RunLoad(CommandContext& context) {
  const std::string& model = context.line.arguments[0];
  ASSIGN_OR_RETURN(const Parameters parameters,
                   ParseParameters(context.line.Values("param")));
  absl::Status status = context.client.Load(model, parameters);
  if (!status.ok()) {
    if (!ReasonOf(status).has_value()) return status;
    return WithReportOfIndex(std::move(status), model, context.client);
  }
  if (context.line.json) {
    context.out << JsonText({{"model", model}, {"state", "READY"}});
  } else {
    context.out << "model '" << model << "' is loaded\n";
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
