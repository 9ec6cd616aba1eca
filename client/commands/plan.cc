#include "client/commands/plan.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "client/commands/json_text.h"
#include "client/commands/load.h"
#include "client/commands/load_progress.h"
#include "client/commands/message_json.h"
#include "client/commands/text_table.h"
#include "client/model_client.h"
#include "model/base/status_macros.h"

namespace transformerd {
namespace {

constexpr FlagSpec kFlags[] = {
    {"param", "KEY=VALUE",
     "a load parameter, such as architecture=BertModel; may be repeated"},
    {"version", "N", "of this version alone"},
};

using Texts = google::protobuf::RepeatedPtrField<std::string>;

// All of them: who asks for a plan wants the complete list.
void AddKeys(absl::string_view kind, const Texts& keys, std::string& text) {
  for (const std::string& key : keys) {
    absl::StrAppend(&text, kind, ": ", key, "\n");
  }
}

void AddMisfits(absl::string_view kind,
                const google::protobuf::RepeatedPtrField<v1::Misfit>& misfits,
                std::string& text) {
  for (const v1::Misfit& misfit : misfits) {
    absl::StrAppend(&text, kind, ": ", misfit.key(), ": file ", misfit.file(),
                    ", model ", misfit.model(), "\n");
  }
}

std::string VersionText(const v1::PlannedVersion& version) {
  TextTable table;
  table.AddRow({"version", version.version()});
  table.AddRow(
      {"architecture", absl::StrCat(version.architecture(), " (",
                                    version.family(), "), ", version.dtype())});
  table.AddRow({"parameters", absl::StrCat(version.parameters())});
  table.AddRow({"to read", absl::StrCat(BytesText(version.bytes_read()), " in ",
                                        version.tensors_read(), " tensors")});
  table.AddRow({"to send", BytesText(version.bytes_sent())});
  table.AddRow(
      {"weights", absl::StrCat(BytesText(version.weight_bytes()), " x ",
                               version.replicas(),
                               version.replicas() == 1 ? " copy" : " copies")});
  table.AddRow({"staging", BytesText(version.staging_bytes())});
  for (const v1::DeviceMemory& device : version.devices()) {
    std::string bytes = BytesText(device.weight_bytes());
    if (device.free_bytes() > 0) {
      absl::StrAppend(&bytes, ", ", BytesText(device.free_bytes()),
                      " are free");
    }
    table.AddRow({absl::StrCat("on ", device.device()), bytes});
  }
  table.AddRow({"unread keys", absl::StrCat(version.unused_keys_size())});
  std::string text = table.ToString();
  AddKeys("missing", version.mismatches().missing(), text);
  AddKeys("unexpected", version.mismatches().unexpected(), text);
  AddMisfits("shape", version.mismatches().shapes(), text);
  AddMisfits("dtype", version.mismatches().dtypes(), text);
  AddKeys("initialised", version.initialized(), text);
  AddKeys("warning", version.warnings(), text);
  return text;
}

absl::Status RunPlan(CommandContext& context) {
  ASSIGN_OR_RETURN(const Parameters parameters,
                   ParseParameters(context.line.Values("param")));
  std::string version;
  for (const std::string& given : context.line.Values("version")) {
    version = given;
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<ModelClient> client,
                   ModelClient::Create(context.line.connection));
  ASSIGN_OR_RETURN(
      const v1::PlanLoadResponse plan,
      client->PlanLoad(context.line.arguments[0], version, parameters));
  context.out << (context.line.json ? JsonText(AsJson(plan)) : PlanText(plan));
  return absl::OkStatus();
}

}  // namespace

const Command kPlanCommand = {
    "plan", "NAME",
    1,      "what a load would need and which keys do not fit; loads nothing",
    kFlags, RunPlan};

std::string PlanText(const v1::PlanLoadResponse& plan) {
  std::string text;
  for (const v1::PlannedVersion& version : plan.versions()) {
    absl::StrAppend(&text, VersionText(version), "\n");
  }
  const v1::HostMemory& memory = plan.host_memory();
  absl::StrAppend(&text, "needs ", BytesText(memory.needed_bytes()),
                  " of memory");
  if (!memory.bound().empty()) {
    absl::StrAppend(&text, ", ", BytesText(memory.free_bytes()), " are free (",
                    memory.bound(), ")");
  }
  absl::StrAppend(&text, "\nmodel '", plan.model(),
                  plan.fits() ? "' fits\n" : "' does not fit\n");
  return WithoutControls(text);
}

}  // namespace transformerd
