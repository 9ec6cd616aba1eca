// What is kept of one call: metrics, and lines of the log.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "grpcpp/server_context.h"
#include "server/logging/log_fields.h"
#include "server/services/request_ids.h"
#include "server/services/service_names.h"
#include "server/services/serving_context.h"

namespace transformerd {

// From its construction to Finish, which is called once, before the call ends.
// Counts the call in the grpc_server_* metrics, gives its ids back to the
// client, and, of methods that need the right admin, says in the log who called
// and what came of it. Not thread-safe.
class CallRecord {
 public:
  // `method` is a bare name of a method of `service`; both must be constants.
  // The rest must outlive the record.
  CallRecord(const ServingContext& serving, grpc::ServerContextBase& context,
             absl::string_view method,
             absl::string_view service = kInferenceService);

  absl::string_view method() const { return method_; }
  absl::Duration elapsed() const { return serving_.clock.Now() - start_; }

  // The name that the call gave, for the log.
  void SetModel(absl::string_view model) { model_ = std::string(model); }

  // What the log tells of a call that has ended like this.
  void Describe(absl::StatusCode code, LogFields& fields) const;

  void Finish(absl::StatusCode code);

 private:
  std::string FullName() const;
  void LogAdminCall(absl::StatusCode code) const;

  const ServingContext& serving_;
  const grpc::ServerContextBase& context_;
  const absl::string_view service_;
  const absl::string_view method_;
  const absl::Time start_;
  const RequestIds ids_;
  std::string model_;
};

}  // namespace transformerd
