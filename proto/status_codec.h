// Statuses on their way through gRPC.
//
// What model/base/error_details.h attaches to a status travels as google.rpc
// messages: the reason as ErrorInfo with domain "transformerd", the retry delay
// as RetryInfo, the field as BadRequest. A full report stays in the process.
#pragma once

#include <cstddef>

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

namespace transformerd {

// Most bytes of message and details together as they travel, before base64.
// Clients drop answers whose headers are over 8 KiB, with what else is in them.
inline constexpr size_t kMaxStatusBytes = 4000;

// The same code, message and details. The message becomes valid UTF-8 without
// control characters (others are escaped), and is cut where it is too long: the
// details repeat it, so that of ASCII about 1700 characters are safe, and
// nearly 4000 where there are no details.
grpc::Status ToGrpcStatus(const absl::Status& status);

// The reverse, for clients: restores what ReasonOf, RetryDelayOf and FieldOf
// read. Details that are damaged or of other domains are left out, and codes
// that gRPC does not define are UNKNOWN. The message is made printable: servers
// are not trusted to send nothing that upsets a terminal.
absl::Status FromGrpcStatus(const grpc::Status& status);

}  // namespace transformerd
