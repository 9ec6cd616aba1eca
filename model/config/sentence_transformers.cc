#include "model/config/sentence_transformers.h"

#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "model/base/error_details.h"
#include "model/base/json_text.h"
#include "model/base/quoted.h"
#include "model/base/regular_file.h"
#include "model/base/status_macros.h"
#include "model/config/config_reader.h"
#include "nlohmann/json.hpp"

namespace transformerd {
namespace {

using nlohmann::json;

constexpr char kModulesFile[] = "modules.json";
constexpr char kTextOptionsFile[] = "sentence_bert_config.json";
constexpr int64_t kMaxFileBytes = 1 << 20;

// One stage between the encoder and the sentence vector.
struct Module {
  std::string kind;  // "Pooling", without the Python package
  std::string path;  // subfolder of the model's; empty for the folder itself
};

struct PoolingMode {
  absl::string_view flag;  // key with a bool
  absl::string_view name;  // value of "pooling_mode", the newer form
  std::optional<PoolingKind> kind;
};

constexpr PoolingMode kMean = {"pooling_mode_mean_tokens", "mean",
                               PoolingKind::kMean};

// clang-format off
constexpr PoolingMode kPoolingModes[] = {
    kMean,
    {"pooling_mode_cls_token",            "cls",                  PoolingKind::kCls},
    {"pooling_mode_lasttoken",            "lasttoken",            PoolingKind::kLast},
    {"pooling_mode_max_tokens",           "max",                  std::nullopt},
    {"pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens", std::nullopt},
    {"pooling_mode_weightedmean_tokens",  "weightedmean",         std::nullopt},
};
// clang-format on

absl::Status Invalid(absl::string_view message) {
  return LoadError(Reason::kConfigInvalid,
                   absl::StrCat(kModulesFile, ": ", message));
}

absl::Status Unsupported(absl::string_view source, absl::string_view message) {
  return LoadError(Reason::kUnsupported, absl::StrCat(source, ": ", message));
}

std::string Join(absl::string_view folder, absl::string_view name) {
  return folder.empty() ? std::string(name) : absl::StrCat(folder, "/", name);
}

absl::StatusOr<Module> ParseModule(const json& entry) {
  if (!entry.is_object() || !entry.contains("type") ||
      !entry["type"].is_string() || !entry.contains("path") ||
      !entry["path"].is_string()) {
    return Invalid("expected a list of objects with strings type and path");
  }
  const std::string type = entry["type"];
  Module module{type.substr(type.rfind('.') + 1), entry["path"]};
  if (!module.path.empty() && !IsFileName(module.path)) {
    return LoadError(
        Reason::kPathEscape,
        absl::StrCat(kModulesFile, ": path=", Quoted(module.path),
                     ", expected the name of a folder inside the model's"));
  }
  return module;
}

// An empty list where there is no such file.
absl::StatusOr<std::vector<Module>> ReadModules(const std::string& directory) {
  std::vector<Module> modules;
  absl::StatusOr<std::string> text =
      ReadRegularFile(Join(directory, kModulesFile), kMaxFileBytes);
  if (absl::IsNotFound(text.status())) return modules;
  if (!text.ok()) return Invalid(text.status().message());
  absl::StatusOr<json> list = ParseJson(*text);
  if (!list.ok()) return Invalid(list.status().message());
  if (!list->is_array()) return Invalid("expected a list of modules");
  for (const json& entry : *list) {
    ASSIGN_OR_RETURN(Module module, ParseModule(entry));
    modules.push_back(std::move(module));
  }
  return modules;
}

// The modes that a pooling config turns on, in either form.
absl::StatusOr<std::vector<PoolingMode>> ActiveModes(
    const ConfigReader& config) {
  std::vector<PoolingMode> active;
  ASSIGN_OR_RETURN(const std::string name, config.String("pooling_mode", ""));
  for (const PoolingMode& mode : kPoolingModes) {
    ASSIGN_OR_RETURN(const bool set, config.Bool(mode.flag, false));
    if (name.empty() ? set : name == mode.name) active.push_back(mode);
  }
  if (!name.empty() && active.empty()) {
    return Unsupported(config.source_name(),
                       absl::StrCat("pooling_mode=", Quoted(name),
                                    ", expected cls, mean or lasttoken"));
  }
  // The default of sentence-transformers, for files that leave it out.
  if (active.empty() && !config.Has(kMean.flag)) active.push_back(kMean);
  return active;
}

absl::StatusOr<PoolingKind> ReadPooling(const std::string& directory,
                                        const Module& module) {
  const std::string name = Join(module.path, "config.json");
  ASSIGN_OR_RETURN(const ConfigReader config,
                   ConfigReader::FromFile(Join(directory, name), name));
  ASSIGN_OR_RETURN(const std::vector<PoolingMode> modes, ActiveModes(config));
  if (modes.size() != 1) {
    return Unsupported(name, absl::StrCat(modes.size(),
                                          " pooling modes are true, expected "
                                          "one of cls, mean and lasttoken"));
  }
  if (!modes.front().kind.has_value()) {
    return Unsupported(name, absl::StrCat(modes.front().flag,
                                          ", expected one of cls, mean and "
                                          "lasttoken"));
  }
  return *modes.front().kind;
}

// How texts are prepared: the optional file of the module Transformer.
absl::Status ReadTextOptions(const std::string& directory, const Module& module,
                             SentenceTransformersConfig& result) {
  const std::string name = Join(module.path, kTextOptionsFile);
  absl::StatusOr<ConfigReader> config =
      ConfigReader::FromFile(Join(directory, name), name);
  const bool absent =
      ReasonOf(config.status()) == NameOf(Reason::kConfigNotFound);
  if (absent) return absl::OkStatus();
  if (!config.ok()) return config.status();
  if (config->Has("max_seq_length")) {
    ASSIGN_OR_RETURN(result.max_sequence_length,
                     config->RequiredInt("max_seq_length", 1,
                                         std::numeric_limits<int32_t>::max()));
  }
  ASSIGN_OR_RETURN(result.lower_case, config->Bool("do_lower_case", false));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SentenceTransformersConfig> ReadSentenceTransformersConfig(
    const std::string& model_directory) {
  SentenceTransformersConfig result;
  ASSIGN_OR_RETURN(const std::vector<Module> modules,
                   ReadModules(model_directory));
  for (const Module& module : modules) {
    if (module.kind == "Transformer") {
      RETURN_IF_ERROR(ReadTextOptions(model_directory, module, result));
    } else if (module.kind == "Pooling") {
      ASSIGN_OR_RETURN(result.pooling, ReadPooling(model_directory, module));
    } else if (module.kind == "Normalize") {
      result.normalize = true;
    } else if (module.kind != "Dropout") {  // which does nothing here
      return Unsupported(kModulesFile,
                         absl::StrCat("type=", Quoted(module.kind),
                                      ", expected Transformer, Pooling or "
                                      "Normalize"));
    }
  }
  return result;
}

}  // namespace transformerd
