// CPU time, which tells how much was computed whatever else the machine does.
#pragma once

#include <time.h>

#include "glog/logging.h"

namespace transformerd {

inline double SecondsOf(clockid_t clock) {
  timespec now;
  PCHECK(clock_gettime(clock, &now) == 0);
  return static_cast<double>(now.tv_sec) +
         1e-9 * static_cast<double>(now.tv_nsec);
}

// Of the calling thread, and of all threads of the process.
inline double ThreadCpuSeconds() { return SecondsOf(CLOCK_THREAD_CPUTIME_ID); }
inline double ProcessCpuSeconds() {
  return SecondsOf(CLOCK_PROCESS_CPUTIME_ID);
}

}  // namespace transformerd
