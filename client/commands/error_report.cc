#include "client/commands/error_report.h"

#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/commands/text_table.h"
#include "model/base/error_details.h"

namespace transformerd {
namespace {

// By ErrorInfo.reason of a refused load.
constexpr struct {
  absl::string_view reason;
  absl::string_view hint;
} kLoadHints[] = {
    {"UNKNOWN_ARCHITECTURE",
     "name a known one with --param architecture=CLASS"},
    {"MISSING_KEY",
     "--param architecture=CLASS loads the checkpoint as what "
     "it is; --param strict=false takes what fits"},
    {"UNEXPECTED_KEY", "--param strict=false loads what fits"},
    {"CONFIG_NOT_FOUND",
     "the model's folder needs the config.json that came "
     "with the checkpoint"},
    {"WEIGHTS_NOT_FOUND",
     "the model's folder needs model.safetensors, or its "
     "shards and their index"},
    {"TRUNCATED", "the file is not complete: copy or download it again"},
};

std::string HintForReason(absl::string_view reason) {
  for (const auto& [known, hint] : kLoadHints) {
    if (known == reason) return std::string(hint);
  }
  return "";
}

std::string RetryHint(absl::Duration delay) {
  return absl::StrCat("try again in ", absl::FormatDuration(delay));
}

std::string Hint(const absl::Status& status, const CommandLine& line) {
  if (std::string hint = HintOf(status); !hint.empty()) return hint;
  const std::optional<absl::Duration> retry = RetryDelayOf(status);
  if (retry.has_value()) return RetryHint(*retry);
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      if (absl::StrContains(status.message(), "certificate verify failed")) {
        return "name the authority of the server's certificate with "
               "--tls_ca=FILE, and the host as the certificate does";
      }
      return absl::StrCat("nothing answers at ", line.connection.address,
                          ": start transformerd there, or name its address "
                          "with --server=HOST:PORT; a server with TLS wants "
                          "--tls, and may want --tls_cert and --tls_key");
    case absl::StatusCode::kDeadlineExceeded:
      return absl::StrCat("no answer within ",
                          absl::FormatDuration(line.connection.default_timeout),
                          ": give more time with --timeout=DURATION");
    case absl::StatusCode::kUnauthenticated:
      return "send a token that the server knows with --token_file=FILE";
    case absl::StatusCode::kPermissionDenied:
      return "it takes a token with the right admin: --token_file=FILE";
    case absl::StatusCode::kNotFound:
      return "`transformerctl list` shows the models of this server";
    case absl::StatusCode::kUnimplemented:
      return "`transformerctl status` shows what this server can do";
    case absl::StatusCode::kInternal:
      return "this is a fault of the server: its log says more";
    default:
      return HintForReason(ReasonOf(status).value_or(""));
  }
}

std::string Indented(absl::string_view text) {
  return absl::StrCat("  ", absl::StrReplaceAll(text, {{"\n", "\n  "}}), "\n");
}

}  // namespace

std::string DescribeFailure(const absl::Status& status,
                            const CommandLine& line) {
  std::string text = absl::StrCat("transformerctl ", line.command->name, ": ",
                                  absl::StatusCodeToString(status.code()));
  if (const std::optional<std::string> reason = ReasonOf(status)) {
    absl::StrAppend(&text, " (", *reason, ")");
  }
  absl::StrAppend(&text, ": ", status.message(), "\n");
  if (const std::string report = FullReportOf(status);
      report != status.message()) {
    absl::StrAppend(&text, Indented(report));
  }
  if (const std::string hint = Hint(status, line); !hint.empty()) {
    absl::StrAppend(&text, "hint: ", hint, "\n");
  }
  return WithoutControls(text);
}

}  // namespace transformerd
