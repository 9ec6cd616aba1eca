// How the client library connects.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "client/security.h"
#include "grpcpp/channel.h"

namespace transformerd {

// INVALID_ARGUMENT unless `address` is "HOST:PORT" or a gRPC target with a
// scheme. gRPC itself would take port 443 where none is given.
absl::Status CheckAddress(absl::string_view address);

// True where `address` stays on this machine, whatever a proxy could reach.
bool IsLoopback(absl::string_view address);

// The gRPC service config: UNAVAILABLE is retried for calls without effect.
std::string RetryServiceConfig();

// A channel without limits on the size of messages.
std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address,
                                           const ClientSecurity& security);

}  // namespace transformerd
