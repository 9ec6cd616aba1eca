// A load report for people.
#pragma once

#include <string>

#include "model/runtime/loaded_model.h"

namespace transformerd {

// A line for each phase with its time and, where bytes were moved, how many
// and how fast, and a line with the totals:
//
//   phase         seconds      GB/s
//   plan            0.004
//   stream          0.051     1.782
//   total           0.103     0.882
//   read 90863616 bytes, sent 0, peak 90875904 on the host, ...
std::string LoadReportTable(const LoadReport& report);

// The sum of the report's phases.
absl::Duration TotalTime(const LoadReport& report);

// Bytes that a phase moved: read ones for kStream, 0 for all others.
int64_t BytesMoved(const LoadReport& report, LoadPhase phase);

// In 10^9 bytes per second; 0 where no time passed.
double GigabytesPerSecond(int64_t bytes, absl::Duration time);

}  // namespace transformerd
