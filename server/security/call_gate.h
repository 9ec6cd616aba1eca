// Decides on each call of a port before any service hears of it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "server/security/authenticator.h"

namespace transformerd {

// Thread-safe; never blocks.
class CallGate {
 public:
  // Told of each call that the authenticator refuses; must not block.
  using OnRefused =
      std::function<void(absl::string_view path, const absl::Status& status)>;

  // Lets everything through.
  CallGate() = default;
  // Lets through what `authenticator` does, everything where it is null.
  CallGate(std::shared_ptr<const Authenticator> authenticator,
           OnRefused on_refused);

  // OK, or what the call is answered with: UNAVAILABLE once the gate is closed,
  // else see Authenticator::Check.
  absl::Status Check(absl::string_view path,
                     absl::Span<const absl::string_view> authorization) const;

  // The server is about to be shut down. gRPC answers calls that come after
  // that with CANCELLED, as if their clients had wanted it, and these would not
  // try elsewhere.
  void Close() { is_closed_ = true; }

 private:
  const std::shared_ptr<const Authenticator> authenticator_;
  const OnRefused on_refused_;
  std::atomic<bool> is_closed_{false};
};

}  // namespace transformerd
