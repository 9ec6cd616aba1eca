// Who makes a call, for the log.
#pragma once

#include <string>

#include "grpcpp/server_context.h"
#include "server/security/authenticator.h"

namespace transformerd {

// "the token of line 2 (sha256 0123abcd)", "the certificate 'CN = alice'",
// both, or "nobody known". `authenticator` may be null. While the call is
// there.
std::string DescribeCaller(const grpc::ServerContextBase& context,
                           const Authenticator* authenticator);

}  // namespace transformerd
