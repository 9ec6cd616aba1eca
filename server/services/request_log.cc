#include "server/services/request_log.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "glog/logging.h"
#include "server/logging/log_fields.h"

namespace transformerd {
namespace {

constexpr absl::Duration kSlow = absl::Seconds(1);

bool IsFault(const absl::Status& status) {
  return absl::IsInternal(status) || absl::IsUnknown(status);
}

void AddSeconds(absl::string_view name, absl::Duration duration,
                LogFields& fields) {
  if (duration == absl::ZeroDuration()) return;
  fields.Add(name, absl::StrCat(absl::ToDoubleSeconds(duration)));
}

void Describe(const CallRecord& record, const RequestOutcome& outcome,
              int64_t left_out, LogFields& fields) {
  record.Describe(outcome.status.code(), fields);
  if (outcome.version > 0) {
    fields.Add("version", absl::StrCat(outcome.version));
  }
  AddSeconds("queue_seconds", outcome.times.queue, fields);
  AddSeconds("input_seconds", outcome.times.input, fields);
  AddSeconds("compute_seconds", outcome.times.infer, fields);
  AddSeconds("output_seconds", outcome.times.output, fields);
  if (left_out > 0) fields.Add("left_out", absl::StrCat(left_out));
}

}  // namespace

bool IsSlow(absl::Duration taken, absl::Duration allowed) {
  return taken > kSlow || taken > allowed / 2;
}

void LogRequest(const CallRecord& record, const RequestOutcome& outcome,
                absl::Time now, RequestLineLimits& limits) {
  const bool is_fault = IsFault(outcome.status);
  if (!is_fault && !IsSlow(outcome.taken, outcome.allowed)) return;
  LineLimit& limit = is_fault ? limits.faults : limits.slow;
  const std::optional<int64_t> left_out = limit.LetThrough(now);
  if (!left_out.has_value()) return;
  LogFields fields;
  Describe(record, outcome, *left_out, fields);
  if (is_fault) {
    LOG(ERROR) << "failed request" << fields;
  } else {
    LOG(WARNING) << "slow request" << fields;
  }
}

}  // namespace transformerd
