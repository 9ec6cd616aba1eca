#include "server/logging/log_levels.h"

#include <atomic>

namespace transformerd {
namespace {

// In one number, so that they change together.
constexpr unsigned kInfo = 1, kWarning = 2, kError = 4;
std::atomic<unsigned> levels{kInfo | kWarning | kError};

}  // namespace

LogLevels GetLogLevels() {
  const unsigned on = levels;
  return {(on & kInfo) != 0, (on & kWarning) != 0, (on & kError) != 0};
}

void SetLogLevels(const LogLevels& wanted) {
  levels = (wanted.info ? kInfo : 0) | (wanted.warning ? kWarning : 0) |
           (wanted.error ? kError : 0);
}

}  // namespace transformerd
