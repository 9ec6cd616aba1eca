#include "server/services/log_settings.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "model/base/error_details.h"
#include "model/base/quoted.h"
#include "model/base/status_macros.h"
#include "server/logging/log_levels.h"

namespace transformerd {
namespace {

using Value = inference::LogSettingsRequest::SettingValue;

constexpr char kFile[] = "log_file";
constexpr char kVerboseLevel[] = "log_verbose_level";
constexpr char kFormat[] = "log_format";
// Of kFormat: what --log_format says.
constexpr char kDefaultFormat[] = "default";

// The severities that can be switched off.
bool* FindLevel(absl::string_view name, LogLevels& levels) {
  if (name == "log_info") return &levels.info;
  if (name == "log_warning") return &levels.warning;
  if (name == "log_error") return &levels.error;
  return nullptr;
}

std::string NameOf(const Value& value) {
  switch (value.parameter_choice_case()) {
    case Value::kBoolParam:
      return value.bool_param() ? "true" : "false";
    case Value::kUint32Param:
      return absl::StrCat(value.uint32_param());
    default:
      return Quoted(value.string_param());
  }
}

absl::Status Refuse(const std::string& name, absl::string_view why) {
  return WithField(absl::InvalidArgumentError(
                       absl::StrCat("log setting ", Quoted(name), why)),
                   "settings");
}

absl::Status Apply(const std::string& name, const Value& value,
                   LogLevels& levels) {
  const auto expect = [&](bool holds, absl::string_view expected) {
    if (holds) return absl::OkStatus();
    return Refuse(name,
                  absl::StrCat(" is ", NameOf(value), ", expected ", expected));
  };
  const auto choice = value.parameter_choice_case();
  if (bool* const level = FindLevel(name, levels)) {
    RETURN_IF_ERROR(expect(choice == Value::kBoolParam, "true or false"));
    *level = value.bool_param();
    return absl::OkStatus();
  }
  if (name == kFile) {
    return expect(choice == Value::kStringParam && value.string_param().empty(),
                  "an empty text: the log goes to standard error");
  }
  if (name == kVerboseLevel) {
    return expect(choice == Value::kUint32Param && value.uint32_param() == 0,
                  "0: there are no verbose lines");
  }
  if (name == kFormat) {
    return expect(
        choice == Value::kStringParam && value.string_param() == kDefaultFormat,
        "\"default\", which is what --log_format says");
  }
  return Refuse(name,
                " is unknown, expected log_file, log_info, log_warning, "
                "log_error, log_verbose_level or log_format");
}

}  // namespace

absl::Status ApplyLogSettings(const inference::LogSettingsRequest& request,
                              inference::LogSettingsResponse& response) {
  // So that calls at once do not undo each other.
  static absl::Mutex mutex(absl::kConstInit);
  const absl::MutexLock lock(&mutex);
  LogLevels levels = GetLogLevels();
  for (const auto& [name, value] : request.settings()) {
    const bool is_empty =
        value.parameter_choice_case() == Value::PARAMETER_CHOICE_NOT_SET;
    if (is_empty) return Refuse(name, " has no value");
    RETURN_IF_ERROR(Apply(name, value, levels));
  }
  SetLogLevels(levels);
  auto& settings = *response.mutable_settings();
  for (const char* const name : {"log_info", "log_warning", "log_error"}) {
    settings[name].set_bool_param(*FindLevel(name, levels));
  }
  settings[kFile].set_string_param("");
  settings[kVerboseLevel].set_uint32_param(0);
  settings[kFormat].set_string_param(kDefaultFormat);
  return absl::OkStatus();
}

}  // namespace transformerd
