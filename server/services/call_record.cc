#include "server/services/call_record.h"

#include "absl/strings/str_cat.h"
#include "glog/logging.h"
#include "server/security/caller.h"
#include "server/security/method_rights.h"

namespace transformerd {

CallRecord::CallRecord(const ServingContext& serving,
                       grpc::ServerContextBase& context,
                       absl::string_view method, absl::string_view service)
    : serving_(serving),
      context_(context),
      service_(service),
      method_(method),
      start_(serving.clock.Now()),
      ids_(TakeRequestIds(context)) {
  serving_.metrics.RecordRpcStarted(FullName());
}

std::string CallRecord::FullName() const {
  return absl::StrCat(service_, "/", method_);
}

void CallRecord::Describe(absl::StatusCode code, LogFields& fields) const {
  fields.Add("method", method_);
  fields.Add("model", model_);
  fields.Add("code", absl::StatusCodeToString(code));
  fields.Add("seconds", absl::StrCat(absl::ToDoubleSeconds(elapsed())));
  fields.Add("request_id", ids_.request_id);
  fields.Add("traceparent", ids_.traceparent);
}

void CallRecord::Finish(absl::StatusCode code) {
  const std::string name = FullName();
  serving_.metrics.RecordRpcHandled(name, absl::StatusCodeToString(code),
                                    elapsed());
  if (RightFor(absl::StrCat("/", name)) == Right::kAdmin) LogAdminCall(code);
}

void CallRecord::LogAdminCall(absl::StatusCode code) const {
  LogFields fields;
  fields.Insist();
  fields.Add("caller", DescribeCaller(context_, serving_.authenticator.get()));
  fields.Add("peer", context_.peer());
  Describe(code, fields);
  LOG(INFO) << "audit" << fields;
}

}  // namespace transformerd
