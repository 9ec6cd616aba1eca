// How a client makes itself known, and knows its server.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace transformerd {

struct ClientSecurity {
  bool tls = false;  // else plaintext, and the next three say nothing
  // PEM: authorities of servers, empty for those of the system.
  std::string root_certificates;
  // PEM: what the client shows; both or neither.
  std::string certificate, key;
  // Sent with each call, in plaintext where there is no TLS; empty: none.
  std::string bearer_token;
};

// INVALID_ARGUMENT where something is not in PEM form, or the key is not that
// of the certificate. gRPC would say no more than that nothing can be reached.
absl::Status CheckSecurity(const ClientSecurity& security);

}  // namespace transformerd
