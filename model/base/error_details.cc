#include "model/base/error_details.h"

#include <cstdint>
#include <iterator>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace transformerd {
namespace {

// In the order of the enum. Public: see ErrorInfo.reason.
constexpr absl::string_view kReasonNames[] = {
    "CONFIG_NOT_FOUND",  "CONFIG_INVALID",  "UNKNOWN_ARCHITECTURE",
    "WEIGHTS_NOT_FOUND", "HEADER_INVALID",  "HEADER_TOO_LARGE",
    "TRUNCATED",         "OFFSETS_INVALID", "SHAPE_INVALID",
    "DTYPE_UNKNOWN",     "DUPLICATE_NAME",  "INDEX_INVALID",
    "INDEX_MISMATCH",    "SHARD_NOT_FOUND", "PATH_ESCAPE",
    "ZIP_INVALID",       "PICKLE_REFUSED",  "PICKLE_INVALID",
    "STORAGE_NOT_FOUND", "STORAGE_BOUNDS",  "MISSING_KEY",
    "UNEXPECTED_KEY",    "SHAPE_MISMATCH",  "DTYPE_MISMATCH",
    "UNSUPPORTED",       "RESOURCE_LIMIT",
};
static_assert(std::size(kReasonNames) ==
              static_cast<int>(Reason::kResourceLimit) + 1);

// Payload keys of absl::Status; they never leave the process.
constexpr absl::string_view kReasonUrl = "transformerd/reason";
constexpr absl::string_view kRetryDelayUrl = "transformerd/retry_delay_ns";
constexpr absl::string_view kFieldUrl = "transformerd/field";
constexpr absl::string_view kFullReportUrl = "transformerd/full_report";

absl::Status WithPayload(absl::Status status, absl::string_view url,
                         std::string value) {
  status.SetPayload(url, absl::Cord(std::move(value)));
  return status;
}

std::optional<std::string> PayloadOf(const absl::Status& status,
                                     absl::string_view url) {
  const absl::optional<absl::Cord> payload = status.GetPayload(url);
  if (!payload.has_value()) return std::nullopt;
  return std::string(*payload);
}

}  // namespace

absl::string_view NameOf(Reason reason) {
  return kReasonNames[static_cast<int>(reason)];
}

absl::Status LoadError(Reason reason, absl::string_view message) {
  return WithReason(absl::FailedPreconditionError(message), reason);
}

absl::Status WithReason(absl::Status status, Reason reason) {
  return WithPayload(std::move(status), kReasonUrl,
                     std::string(NameOf(reason)));
}

absl::Status WithRetryDelay(absl::Status status, absl::Duration delay) {
  return WithPayload(std::move(status), kRetryDelayUrl,
                     absl::StrCat(absl::ToInt64Nanoseconds(delay)));
}

absl::Status WithField(absl::Status status, absl::string_view field) {
  return WithPayload(std::move(status), kFieldUrl, std::string(field));
}

absl::Status WithFullReport(absl::Status status, std::string report) {
  return WithPayload(std::move(status), kFullReportUrl, std::move(report));
}

std::optional<std::string> ReasonOf(const absl::Status& status) {
  return PayloadOf(status, kReasonUrl);
}

std::optional<absl::Duration> RetryDelayOf(const absl::Status& status) {
  const std::optional<std::string> payload = PayloadOf(status, kRetryDelayUrl);
  int64_t nanoseconds = 0;
  if (!payload.has_value() || !absl::SimpleAtoi(*payload, &nanoseconds)) {
    return std::nullopt;
  }
  return absl::Nanoseconds(nanoseconds);
}

std::string FieldOf(const absl::Status& status) {
  return PayloadOf(status, kFieldUrl).value_or("");
}

std::string FullReportOf(const absl::Status& status) {
  return PayloadOf(status, kFullReportUrl)
      .value_or(std::string(status.message()));
}

absl::Status Annotate(const absl::Status& status, absl::string_view context) {
  if (status.ok()) return status;
  absl::Status annotated(status.code(),
                         absl::StrCat(context, ": ", status.message()));
  status.ForEachPayload(
      [&annotated](absl::string_view url, const absl::Cord& payload) {
        annotated.SetPayload(url, payload);
      });
  return annotated;
}

}  // namespace transformerd
