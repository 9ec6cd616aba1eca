#include "server/flags.h"

#include <unistd.h>

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "absl/flags/commandlineflag.h"
#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "model/base/nearest_name.h"
#include "model/base/status_macros.h"
#include "server/flag_definitions.h"
#include "server/flag_errors.h"
#include "server/lifecycle/load_parameters.h"
#include "server/security_flags.h"
#include "server/worker_flags.h"

extern char** environ;

namespace transformerd {
namespace {

constexpr int64_t kMaxInt32 = std::numeric_limits<int32_t>::max();

std::string VariableOf(absl::string_view flag) {
  return absl::StrCat("TRANSFORMERD_", absl::AsciiStrToUpper(flag));
}

bool IsOurs(absl::string_view name) {
  const auto names = FlagNames();
  return std::find(names.begin(), names.end(), name) != names.end();
}

// What the command line says of a flag; `value` holds nothing where the next
// argument is the value.
struct Argument {
  std::string name;
  std::optional<std::string> value;
};

absl::StatusOr<Argument> ParseArgument(absl::string_view text) {
  absl::string_view name = text;
  if (!absl::ConsumePrefix(&name, "--") && !absl::ConsumePrefix(&name, "-")) {
    return RefusedFlag("unexpected argument ", QuotedValue(text),
                       ", expected --flag=value");
  }
  std::optional<std::string> value;
  if (const size_t equals = name.find('='); equals != name.npos) {
    value = std::string(name.substr(equals + 1));
    name = name.substr(0, equals);
  }
  if (IsOurs(name)) {
    if (IsBoolFlag(name) && !value.has_value()) value = "true";
    return Argument{std::string(name), value};
  }
  absl::string_view positive = name;
  if (absl::ConsumePrefix(&positive, "no") && IsOurs(positive) &&
      IsBoolFlag(positive)) {
    if (!value.has_value()) return Argument{std::string(positive), "false"};
    return RefusedFlag("flag --", name, " takes no value");
  }
  const absl::string_view nearest = NearestName(name, FlagNames());
  return RefusedFlag("unknown flag ", QuotedValue(text.substr(0, 80)),
                     nearest.empty()
                         ? std::string()
                         : absl::StrCat(", did you mean --", nearest, "?"));
}

// Gives Abseil's flag the value; `origin` is what a message calls it.
absl::Status SetFlag(absl::string_view name, absl::string_view value,
                     absl::string_view origin) {
  std::string error;
  if (absl::FindCommandLineFlag(name)->ParseFrom(value, &error)) {
    return absl::OkStatus();
  }
  return RefusedFlag(origin, " is ", QuotedValue(value), ", expected ",
                     ExpectedValue(name));
}

absl::Status ReadArguments(absl::Span<const std::string> arguments,
                           std::set<std::string>& given, Flags& flags) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--help" || arguments[i] == "-h") {
      flags.show_help = true;
      continue;
    }
    if (arguments[i] == "--version") {
      flags.show_version = true;
      continue;
    }
    ASSIGN_OR_RETURN(Argument argument, ParseArgument(arguments[i]));
    if (!argument.value.has_value()) {
      if (++i == arguments.size()) {
        return RefusedFlag("flag --", argument.name, " has no value, expected ",
                           ExpectedValue(argument.name));
      }
      argument.value = arguments[i];
    }
    RETURN_IF_ERROR(SetFlag(argument.name, *argument.value,
                            absl::StrCat("flag --", argument.name)));
    given.insert(argument.name);
  }
  return absl::OkStatus();
}

absl::Status ReadEnvironment(const Environment& environment,
                             const std::set<std::string>& given) {
  for (const absl::string_view name : FlagNames()) {
    const auto variable = environment.find(VariableOf(name));
    if (variable == environment.end() || variable->second.empty() ||
        given.count(std::string(name)) > 0) {
      continue;
    }
    RETURN_IF_ERROR(SetFlag(name, variable->second,
                            absl::StrCat("variable ", variable->first)));
  }
  return absl::OkStatus();
}

absl::Status CheckSupported() {
  for (const absl::string_view name : UnsupportedFlagNames()) {
    const absl::CommandLineFlag& flag = *absl::FindCommandLineFlag(name);
    if (flag.CurrentValue() == flag.DefaultValue()) continue;
    return RefusedFlag(
        "flag --", name, "=", flag.CurrentValue(),
        " is not supported by this version, expected its default ",
        QuotedValue(flag.DefaultValue()));
  }
  return absl::OkStatus();
}

absl::Status ReadPort(absl::string_view name, int value, int& port) {
  if (value < 0 || value > 65535) {
    return RefusedFlag("flag --", name, " is ", value,
                       ", expected a port from 0 to 65535");
  }
  port = value;
  return absl::OkStatus();
}

template <typename T, typename U>
absl::Status ReadNumber(absl::string_view name, T value, T min, T max,
                        U& number) {
  if (value < min || value > max) {
    return RefusedFlag("flag --", name, " is ", value,
                       ", expected an integer from ", min, " to ", max);
  }
  number = value;
  return absl::OkStatus();
}

absl::Status ReadDuration(absl::string_view name, absl::Duration value,
                          absl::Duration& duration) {
  if (value < absl::ZeroDuration() || value == absl::InfiniteDuration()) {
    return RefusedFlag("flag --", name, " is ", absl::FormatDuration(value),
                       ", expected a duration from 0s on");
  }
  duration = value;
  return absl::OkStatus();
}

absl::Status ReadRepository(ServerOptions& options) {
  options.repository.root = absl::GetFlag(FLAGS_model_repository);
  if (options.repository.root.empty()) {
    return RefusedFlag(
        "flag --model_repository is required: the folder whose "
        "subfolders are models");
  }
  const std::string mode = absl::GetFlag(FLAGS_model_control_mode);
  const std::string models = absl::GetFlag(FLAGS_load_model);
  if (mode == "poll") {
    return RefusedFlag(
        "flag --model_control_mode=poll is not supported by this "
        "version, expected none or explicit");
  }
  if (mode != "none" && mode != "explicit") {
    return RefusedFlag("flag --model_control_mode is ", QuotedValue(mode),
                       ", expected none or explicit");
  }
  options.repository.allow_control = mode == "explicit";
  if (mode == "none" && !models.empty()) {
    return RefusedFlag(
        "flag --load_model needs --model_control_mode=explicit: "
        "mode none loads every model");
  }
  options.load_at_start = {"*"};
  if (mode == "explicit") {
    options.load_at_start = absl::StrSplit(models, ',', absl::SkipWhitespace());
    for (std::string& name : options.load_at_start) {
      absl::StripAsciiWhitespace(&name);
    }
  }
  const std::string readiness = absl::GetFlag(FLAGS_readiness);
  if (readiness != "all" && readiness != "any") {
    return RefusedFlag("flag --readiness is ", QuotedValue(readiness),
                       ", expected all or any");
  }
  options.repository.readiness =
      readiness == "all" ? ReadinessPolicy::kAll : ReadinessPolicy::kAny;
  return ReadNumber<int64_t>("host_memory_limit",
                             absl::GetFlag(FLAGS_host_memory_limit), 0,
                             std::numeric_limits<int64_t>::max(),
                             options.repository.host_memory_limit_bytes);
}

absl::Status ReadServingDefaults(ModelOptions& options) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  absl::StatusOr<std::optional<DType>> dtype =
      ParseDtype(absl::GetFlag(FLAGS_dtype));
  if (!dtype.ok())
    return RefusedFlag("flag --dtype ", dtype.status().message());
  options.load.dtype = *dtype;
  ServingOptions& serving = options.serving;
  RETURN_IF_ERROR(ReadNumber<int64_t>("max_batch_tokens",
                                      absl::GetFlag(FLAGS_max_batch_tokens), 1,
                                      kMax, serving.max_batch_tokens));
  RETURN_IF_ERROR(ReadNumber<int64_t>(
      "max_batch_requests", absl::GetFlag(FLAGS_max_batch_requests), 1,
      kMaxInt32, serving.max_batch_requests));
  RETURN_IF_ERROR(ReadNumber<int64_t>("max_queue_requests",
                                      absl::GetFlag(FLAGS_max_queue_requests),
                                      1, kMax, serving.max_queue_requests));
  RETURN_IF_ERROR(ReadNumber<int64_t>("max_queue_tokens",
                                      absl::GetFlag(FLAGS_max_queue_tokens), 1,
                                      kMax, serving.max_queue_tokens));
  return ReadDuration("max_queue_delay", absl::GetFlag(FLAGS_max_queue_delay),
                      serving.max_queue_delay);
}

absl::Status ReadEndpoints(ServerOptions& options) {
  options.grpc_address = absl::GetFlag(FLAGS_grpc_address);
  options.metrics_address = absl::GetFlag(FLAGS_metrics_address);
  const std::string metrics_compat = absl::GetFlag(FLAGS_metrics_compat);
  if (!metrics_compat.empty() && metrics_compat != "triton") {
    return RefusedFlag("flag --metrics_compat is ", QuotedValue(metrics_compat),
                       ", expected triton or nothing");
  }
  options.triton_metric_names = metrics_compat == "triton";
  options.port_file = absl::GetFlag(FLAGS_port_file);
  options.enable_reflection = absl::GetFlag(FLAGS_enable_reflection);
  int health_port = 0;
  RETURN_IF_ERROR(
      ReadPort("grpc_port", absl::GetFlag(FLAGS_grpc_port), options.grpc_port));
  RETURN_IF_ERROR(ReadPort("metrics_port", absl::GetFlag(FLAGS_metrics_port),
                           options.metrics_port));
  RETURN_IF_ERROR(
      ReadPort("health_port", absl::GetFlag(FLAGS_health_port), health_port));
  if (health_port != 0) options.health_port = health_port;
  const std::pair<const char*, int> ports[] = {
      {"grpc_port", options.grpc_port},
      {"metrics_port", options.metrics_port},
      {"health_port", health_port}};
  for (const auto& [name, port] : ports) {
    for (const auto& [other, other_port] : ports) {
      // Only once for a pair; port 0 is another one each time.
      if (name >= other || port == 0 || port != other_port) continue;
      return RefusedFlag("flags --", name, " and --", other, " are both ", port,
                         ", expected different ports");
    }
  }
  return absl::OkStatus();
}

absl::Status ReadTimes(ServerOptions& options) {
  RETURN_IF_ERROR(ReadDuration("drain_delay", absl::GetFlag(FLAGS_drain_delay),
                               options.drain_delay));
  RETURN_IF_ERROR(ReadDuration("drain_timeout",
                               absl::GetFlag(FLAGS_drain_timeout),
                               options.drain_timeout));
  RETURN_IF_ERROR(ReadDuration("watchdog_timeout",
                               absl::GetFlag(FLAGS_watchdog_timeout),
                               options.watchdog_timeout));
  if (options.watchdog_timeout == absl::ZeroDuration()) {
    return RefusedFlag("flag --watchdog_timeout is 0, expected more");
  }
  absl::Duration age;
  RETURN_IF_ERROR(ReadDuration("max_connection_age",
                               absl::GetFlag(FLAGS_max_connection_age), age));
  if (age > absl::ZeroDuration()) options.max_connection_age = age;
  options.default_request_timeout =
      absl::GetFlag(FLAGS_default_request_timeout);
  if (options.default_request_timeout <= absl::ZeroDuration()) {
    return RefusedFlag("flag --default_request_timeout is ",
                       absl::FormatDuration(options.default_request_timeout),
                       ", expected more than 0s");
  }
  return ReadNumber<int64_t>("max_request_bytes",
                             absl::GetFlag(FLAGS_max_request_bytes), 1,
                             kMaxInt32, options.max_request_bytes);
}

absl::Status ReadLogFormat(LogFormat& format) {
  const std::string name = absl::GetFlag(FLAGS_log_format);
  if (name != "text" && name != "json") {
    return RefusedFlag("flag --log_format is ", QuotedValue(name),
                       ", expected text or json");
  }
  format = name == "json" ? LogFormat::kJson : LogFormat::kText;
  return absl::OkStatus();
}

std::vector<Flags::Setting> Settings(const std::set<std::string>& given) {
  std::vector<Flags::Setting> settings;
  for (const absl::string_view name : FlagNames()) {
    const absl::CommandLineFlag& flag = *absl::FindCommandLineFlag(name);
    if (flag.CurrentValue() == flag.DefaultValue()) continue;
    const bool is_argument = given.count(std::string(name)) > 0;
    settings.push_back({std::string(name), flag.CurrentValue(),
                        is_argument ? "command line" : "environment"});
  }
  return settings;
}

}  // namespace

Environment ProcessEnvironment() {
  Environment environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::pair<std::string, std::string> variable =
        absl::StrSplit(*entry, absl::MaxSplits('=', 1));
    environment.insert(variable);
  }
  return environment;
}

absl::StatusOr<Flags> ReadFlags(absl::Span<const std::string> arguments,
                                const Environment& environment) {
  Flags flags;
  std::set<std::string> given;
  RETURN_IF_ERROR(ReadArguments(arguments, given, flags));
  if (flags.show_help || flags.show_version) return flags;
  RETURN_IF_ERROR(ReadEnvironment(environment, given));
  RETURN_IF_ERROR(CheckSupported());
  RETURN_IF_ERROR(ReadRepository(flags.server));
  RETURN_IF_ERROR(ReadServingDefaults(flags.server.repository.defaults));
  RETURN_IF_ERROR(ReadEndpoints(flags.server));
  RETURN_IF_ERROR(ReadTimes(flags.server));
  RETURN_IF_ERROR(ReadSecurityFlags(flags.server.security));
  RETURN_IF_ERROR(ReadWorkerFlags(flags.workers));
  RETURN_IF_ERROR(ReadLogFormat(flags.log_format));
  flags.settings = Settings(given);
  return flags;
}

std::string FlagsHelp() {
  std::string text =
      "transformerd serves transformer models over gRPC.\n\n"
      "usage: transformerd --model_repository=FOLDER [--flag=value ...]\n\n"
      "Each flag is also read from TRANSFORMERD_<FLAG IN CAPITALS>.\n\n";
  for (const absl::string_view name : FlagNames()) {
    const absl::CommandLineFlag& flag = *absl::FindCommandLineFlag(name);
    absl::StrAppend(&text, "  --", name, "\n      ", flag.Help());
    const std::string value = flag.DefaultValue();
    if (!value.empty()) absl::StrAppend(&text, " (default ", value, ")");
    absl::StrAppend(&text, "\n");
  }
  absl::StrAppend(&text, "  --help, --version\n      print, and end\n");
  return text;
}

}  // namespace transformerd
