#include "proto/status_codec.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "model/base/error_details.h"
#include "model/base/printable.h"
#include "proto/client_rpc_details.pb.h"

namespace transformerd {
namespace {

constexpr char kDomain[] = "transformerd";
constexpr char kTypePrefix[] = "type.googleapis.com/google.rpc.";

// The description of a field is a short form of the message.
constexpr size_t kMaxDescription = 300;
constexpr size_t kMaxName = 200;

// What protobuf's Duration holds, in seconds.
constexpr int64_t kMaxDelaySeconds = 315576000000;

// Adds a message under the name that it has in google.rpc, whatever the package
// of our copy is.
template <typename Message>
void AddDetail(const Message& message, rpc::Status* status) {
  google::protobuf::Any* detail = status->add_details();
  detail->set_type_url(kTypePrefix + Message::descriptor()->name());
  detail->set_value(message.SerializeAsString());
}

template <typename Message>
bool ReadDetail(const google::protobuf::Any& detail, Message* message) {
  return detail.type_url() == kTypePrefix + Message::descriptor()->name() &&
         message->ParseFromString(detail.value());
}

void AddErrorInfo(const absl::Status& status, rpc::Status* to) {
  const std::optional<std::string> reason = ReasonOf(status);
  if (!reason.has_value()) return;
  rpc::ErrorInfo info;
  info.set_reason(Printable(*reason, kMaxName));
  info.set_domain(kDomain);
  AddDetail(info, to);
}

void AddRetryInfo(const absl::Status& status, rpc::Status* to) {
  std::optional<absl::Duration> delay = RetryDelayOf(status);
  if (!delay.has_value()) return;
  delay =
      std::clamp(*delay, absl::ZeroDuration(), absl::Seconds(kMaxDelaySeconds));
  rpc::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(
      absl::IDivDuration(*delay, absl::Seconds(1), &*delay));
  info.mutable_retry_delay()->set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(*delay)));
  AddDetail(info, to);
}

void AddBadRequest(const absl::Status& status, rpc::Status* to) {
  const std::string field = FieldOf(status);
  if (field.empty()) return;
  rpc::BadRequest bad;
  auto* violation = bad.add_field_violations();
  violation->set_field(Printable(field, kMaxName));
  violation->set_description(Printable(status.message(), kMaxDescription));
  AddDetail(bad, to);
}

absl::Status RestoreReason(absl::Status status, absl::string_view name) {
  for (int i = 0; i <= static_cast<int>(Reason::kResourceLimit); ++i) {
    const Reason reason = static_cast<Reason>(i);
    if (NameOf(reason) == name) return WithReason(std::move(status), reason);
  }
  return status;
}

absl::Status RestoreDetail(absl::Status status,
                           const google::protobuf::Any& detail) {
  rpc::ErrorInfo error;
  if (ReadDetail(detail, &error) && error.domain() == kDomain) {
    return RestoreReason(std::move(status), error.reason());
  }
  rpc::RetryInfo retry;
  if (ReadDetail(detail, &retry)) {
    return WithRetryDelay(std::move(status),
                          absl::Seconds(retry.retry_delay().seconds()) +
                              absl::Nanoseconds(retry.retry_delay().nanos()));
  }
  rpc::BadRequest bad;
  if (ReadDetail(detail, &bad) && bad.field_violations_size() > 0) {
    return WithField(std::move(status), bad.field_violations(0).field());
  }
  return status;
}

}  // namespace

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  rpc::Status to;
  to.set_code(static_cast<int>(status.code()));
  AddErrorInfo(status, &to);
  AddRetryInfo(status, &to);
  AddBadRequest(status, &to);
  const grpc::StatusCode code = static_cast<grpc::StatusCode>(status.code());
  if (to.details().empty()) {
    return grpc::Status(code, Printable(status.message(), kMaxStatusBytes));
  }
  // The details repeat the message, for clients that read nothing else; the
  // field that holds it takes a few bytes of its own.
  constexpr size_t kFieldBytes = 8;
  const size_t left = kMaxStatusBytes - to.ByteSizeLong() - kFieldBytes;
  const std::string message = Printable(status.message(), left / 2);
  to.set_message(message);
  return grpc::Status(code, message, to.SerializeAsString());
}

absl::Status FromGrpcStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  int code = static_cast<int>(status.error_code());
  if (code < 0 || code > static_cast<int>(absl::StatusCode::kUnauthenticated)) {
    code = static_cast<int>(absl::StatusCode::kUnknown);
  }
  absl::Status restored(
      static_cast<absl::StatusCode>(code),
      Printable(status.error_message(), std::numeric_limits<size_t>::max()));
  rpc::Status details;
  if (details.ParseFromString(status.error_details())) {
    for (const google::protobuf::Any& detail : details.details()) {
      restored = RestoreDetail(std::move(restored), detail);
    }
  }
  return restored;
}

}  // namespace transformerd
