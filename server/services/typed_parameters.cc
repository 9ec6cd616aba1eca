#include "server/services/typed_parameters.h"

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"
#include "model/base/error_details.h"
#include "model/base/json_text.h"
#include "model/base/status_macros.h"
#include "nlohmann/json.hpp"

namespace transformerd {
namespace {

using Texts = google::protobuf::RepeatedPtrField<std::string>;

std::string JsonList(const Texts& texts) {
  return nlohmann::json(std::vector<std::string>(texts.begin(), texts.end()))
      .dump();
}

absl::Status Refuse(const char* name, absl::string_view problem) {
  return WithField(absl::InvalidArgumentError(
                       absl::StrCat("parameter '", name, "': ", problem)),
                   name);
}

// With the keys of objects in order: protobuf's maps have none, and identical
// loads join by their text.
absl::Status AddJson(const char* name, const google::protobuf::Message& message,
                     LoadParameters& parameters) {
  std::string text;
  // protobuf reads messages that are nested deeper than those it writes.
  if (!google::protobuf::util::MessageToJsonString(message, &text).ok()) {
    return Refuse(name, "nested too deeply, expected at most 32 levels");
  }
  const absl::StatusOr<nlohmann::json> json = ParseJson(text);
  if (!json.ok()) return Refuse(name, json.status().message());
  parameters.emplace(name, json->dump());
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<LoadParameters> FromMessage(const v1::LoadParameters& message) {
  LoadParameters parameters;
  const auto add_text = [&](const char* name, const std::string& text) {
    if (!text.empty()) parameters.emplace(name, text);
  };
  const auto add_list = [&](const char* name, const Texts& texts) {
    if (!texts.empty()) parameters.emplace(name, JsonList(texts));
  };
  add_text("architecture", message.architecture());
  if (message.relevant_module_size() == 1) {
    add_text("relevant_module", message.relevant_module(0));
  } else {
    add_list("relevant_module", message.relevant_module());
  }
  if (message.has_num_hidden_layers()) {
    parameters.emplace("num_hidden_layers", message.num_hidden_layers());
  }
  if (!message.mapping().empty()) {
    const std::map<std::string, std::string> mapping(message.mapping().begin(),
                                                     message.mapping().end());
    parameters.emplace("mapping", nlohmann::json(mapping).dump());
  }
  if (message.has_strict()) parameters.emplace("strict", message.strict());
  add_list("ignore", message.ignore());
  add_list("allow_missing", message.allow_missing());
  if (message.has_config()) {
    RETURN_IF_ERROR(AddJson("config", message.config(), parameters));
  }
  if (message.has_load_weights()) {
    parameters.emplace("load_weights", message.load_weights());
  }
  add_text("weights_path", message.weights_path());
  if (message.has_parts()) {
    RETURN_IF_ERROR(AddJson("parts", message.parts(), parameters));
  }
  if (message.has_replace()) parameters.emplace("replace", message.replace());
  add_text("dtype", message.dtype());
  add_text("devices", message.devices());
  add_text("loading_strategy", message.loading_strategy());
  add_text("pooling", message.pooling());
  return parameters;
}

}  // namespace transformerd
