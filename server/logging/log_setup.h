// Where the lines of the log go, and how they look.
#pragma once

#include "server/logging/log_format.h"

namespace transformerd {

// Sends glog's lines, and gRPC's, to standard error in the given format, as far
// as LogLevels lets them. Once, after InitGoogleLogging.
void SetUpLog(LogFormat format);

}  // namespace transformerd
