#include "server/security/call_gate.h"

#include <utility>

namespace transformerd {

CallGate::CallGate(std::shared_ptr<const Authenticator> authenticator,
                   OnRefused on_refused)
    : authenticator_(std::move(authenticator)),
      on_refused_(std::move(on_refused)) {}

absl::Status CallGate::Check(
    absl::string_view path,
    absl::Span<const absl::string_view> authorization) const {
  if (is_closed_) return absl::UnavailableError("the server has stopped");
  if (authenticator_ == nullptr) return absl::OkStatus();
  absl::Status status = authenticator_->Check(path, authorization);
  if (!status.ok() && on_refused_) on_refused_(path, status);
  return status;
}

}  // namespace transformerd
