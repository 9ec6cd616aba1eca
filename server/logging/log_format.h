// How the log looks: see --log_format.
#pragma once

namespace transformerd {

enum class LogFormat { kText, kJson };

}  // namespace transformerd
