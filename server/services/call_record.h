// Counts one call in the grpc_server_* metrics.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/metrics/metrics.h"
#include "server/scheduling/clock.h"
#include "server/services/service_names.h"

namespace transformerd {

// From its construction to Finish, which is called once. Not thread-safe.
class CallRecord {
 public:
  // `method` is a bare name of a method of `service`; both must be constants.
  // The rest must outlive the record.
  CallRecord(Metrics& metrics, const Clock& clock, absl::string_view method,
             absl::string_view service = kInferenceService)
      : metrics_(metrics),
        clock_(clock),
        service_(service),
        method_(method),
        start_(clock.Now()) {
    metrics_.RecordRpcStarted(FullName());
  }

  absl::string_view method() const { return method_; }
  absl::Duration elapsed() const { return clock_.Now() - start_; }

  void Finish(absl::StatusCode code) {
    metrics_.RecordRpcHandled(FullName(), absl::StatusCodeToString(code),
                              elapsed());
  }

 private:
  std::string FullName() const { return absl::StrCat(service_, "/", method_); }

  Metrics& metrics_;
  const Clock& clock_;
  const absl::string_view service_;
  const absl::string_view method_;
  const absl::Time start_;
};

}  // namespace transformerd
