// What a Status carries besides code and message. The model layer knows no
// protocol: it attaches these as payloads, and proto/status_codec turns them
// into google.rpc messages (ErrorInfo, RetryInfo, BadRequest).
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace transformerd {

// Why a load was refused: the values of ErrorInfo.reason. They are part of the
// public interface; kReasonNames in the .cc holds their wire names.
enum class Reason {
  kConfigNotFound,
  kConfigInvalid,
  kUnknownArchitecture,
  kWeightsNotFound,
  kHeaderInvalid,
  kHeaderTooLarge,
  kTruncated,
  kOffsetsInvalid,
  kShapeInvalid,
  kDtypeUnknown,
  kDuplicateName,
  kIndexInvalid,
  kIndexMismatch,
  kShardNotFound,
  kPathEscape,
  kZipInvalid,
  kPickleRefused,
  kPickleInvalid,
  kStorageNotFound,
  kStorageBounds,
  kMissingKey,
  kUnexpectedKey,
  kShapeMismatch,
  kDtypeMismatch,
  kUnsupported,
  kResourceLimit,
};

// "CONFIG_NOT_FOUND" and so on.
absl::string_view NameOf(Reason reason);

// FAILED_PRECONDITION with a reason: the usual status of a refused load.
absl::Status LoadError(Reason reason, absl::string_view message);

// Each returns `status` with a detail attached (replacing one of its kind) and
// does nothing to an OK status.
absl::Status WithReason(absl::Status status, Reason reason);
absl::Status WithRetryDelay(absl::Status status, absl::Duration delay);
// `field` is the name of the tensor or parameter that was wrong.
absl::Status WithField(absl::Status status, absl::string_view field);
// The complete report of a refused load, where the message holds a short one.
absl::Status WithFullReport(absl::Status status, std::string report);

// What was attached; nothing (or an empty string) where it was not.
std::optional<std::string> ReasonOf(const absl::Status& status);
std::optional<absl::Duration> RetryDelayOf(const absl::Status& status);
std::string FieldOf(const absl::Status& status);
// The full report, or the message where there is none.
std::string FullReportOf(const absl::Status& status);

// The same status with "context: " before its message; details are kept.
absl::Status Annotate(const absl::Status& status, absl::string_view context);

}  // namespace transformerd
