#include "client/commands/connection_flags.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/channel.h"
#include "client/security.h"
#include "model/base/regular_file.h"
#include "model/base/status_macros.h"

namespace transformerd {
namespace {

constexpr absl::string_view kDefaultServer = "127.0.0.1:8001";
constexpr int64_t kMaxFileBytes = int64_t{1} << 20;

using Flags = std::map<std::string, std::vector<std::string>>;

// The last value; null where the flag was not given.
const std::string* Find(const Flags& flags, const std::string& name) {
  const auto found = flags.find(name);
  return found == flags.end() ? nullptr : &found->second.back();
}

absl::Status ReadServer(const Flags& flags, const std::string& default_server,
                        ClientOptions& options) {
  const std::string* const given = Find(flags, "server");
  options.address = given != nullptr          ? *given
                    : !default_server.empty() ? default_server
                                              : std::string(kDefaultServer);
  const absl::Status valid = CheckAddress(options.address);
  if (valid.ok()) return valid;
  return UsageError(absl::StrCat(
      given != nullptr ? "--server" : kServerVariable, ": ", valid.message()));
}

absl::Status ReadTimeout(const Flags& flags, ClientOptions& options) {
  const std::string* const given = Find(flags, "timeout");
  if (given == nullptr) return absl::OkStatus();
  if (absl::ParseDuration(*given, &options.default_timeout) &&
      options.default_timeout > absl::ZeroDuration()) {
    return absl::OkStatus();
  }
  return UsageError(absl::StrCat(
      "--timeout: '", *given, "' is not a duration with a unit, such as 60s"));
}

absl::Status ReadFile(const Flags& flags, const std::string& name,
                      std::string& content) {
  const std::string* const path = Find(flags, name);
  if (path == nullptr) return absl::OkStatus();
  absl::StatusOr<std::string> text = ReadRegularFile(*path, kMaxFileBytes);
  if (!text.ok()) {
    return UsageError(
        absl::StrCat("--", name, ": '", *path, "' ", text.status().message()));
  }
  content = std::string(absl::StripAsciiWhitespace(*text));
  if (!content.empty()) return absl::OkStatus();
  return UsageError(absl::StrCat("--", name, ": '", *path, "' is empty"));
}

absl::Status ReadSecurity(const Flags& flags, ClientSecurity& security) {
  RETURN_IF_ERROR(ReadFile(flags, "tls_ca", security.root_certificates));
  RETURN_IF_ERROR(ReadFile(flags, "tls_cert", security.certificate));
  RETURN_IF_ERROR(ReadFile(flags, "tls_key", security.key));
  RETURN_IF_ERROR(ReadFile(flags, "token_file", security.bearer_token));
  if (security.certificate.empty() != security.key.empty()) {
    return UsageError("--tls_cert and --tls_key need each other");
  }
  const absl::Status valid = CheckSecurity(security);
  if (!valid.ok()) return UsageError(valid.message());
  security.tls = Find(flags, "tls") != nullptr ||
                 !security.root_certificates.empty() ||
                 !security.certificate.empty();
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ClientOptions> ReadConnectionFlags(
    const Flags& flags, const std::string& default_server) {
  ClientOptions options;
  RETURN_IF_ERROR(ReadServer(flags, default_server, options));
  RETURN_IF_ERROR(ReadTimeout(flags, options));
  RETURN_IF_ERROR(ReadSecurity(flags, options.security));
  return options;
}

}  // namespace transformerd
