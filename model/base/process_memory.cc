#include "model/base/process_memory.h"

#include <unistd.h>

#include <fstream>

#include "absl/status/status.h"

namespace transformerd {

absl::StatusOr<int64_t> ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  int64_t size_pages = 0, resident_pages = 0;
  if (!(file >> size_pages >> resident_pages)) {
    return absl::UnavailableError("'/proc/self/statm' cannot be read");
  }
  return resident_pages * sysconf(_SC_PAGESIZE);
}

}  // namespace transformerd
