#include "client/commands/list.h"

#include "client/commands/json_text.h"
#include "client/commands/text_table.h"
#include "model/base/status_macros.h"

namespace transformerd {
namespace {

// The whole of it would wrap in most terminals; --json prints it.
constexpr size_t kMaxReason = 80;

std::string Shortened(const std::string& reason) {
  const size_t end = reason.find('\n');
  std::string line = reason.substr(0, end);
  const bool cut = line.size() > kMaxReason;
  if (cut) {
    size_t keep = kMaxReason;
    // Not within a character of UTF-8.
    while ((static_cast<unsigned char>(line[keep]) & 0xC0) == 0x80) --keep;
    line.resize(keep);
  }
  return cut || end != std::string::npos ? line + "..." : line;
}

absl::Status RunList(CommandContext& context) {
  ASSIGN_OR_RETURN(const std::vector<ModelListing> models,
                   context.client.RepositoryIndex());
  if (context.line.json) {
    context.out << JsonText({{"models", ModelsAsJson(models)}});
  } else if (models.empty()) {
    context.out << "no models in the repository\n";
  } else {
    context.out << ModelTable(models);
  }
  return absl::OkStatus();
}

}  // namespace

const Command kListCommand = {
    "list", "", 0, "the models of the server and their states", {}, RunList};

std::string ModelTable(const std::vector<ModelListing>& models) {
  TextTable table;
  table.AddRow({"NAME", "VERSION", "STATE", "REASON"});
  for (const ModelListing& model : models) {
    table.AddRow(
        {model.name, model.version, model.state, Shortened(model.reason)});
  }
  return table.ToString();
}

nlohmann::json ModelsAsJson(const std::vector<ModelListing>& models) {
  nlohmann::json list = nlohmann::json::array();
  for (const ModelListing& model : models) {
    list.push_back({{"name", model.name},
                    {"version", model.version},
                    {"state", model.state},
                    {"reason", model.reason}});
  }
  return list;
}

}  // namespace transformerd
