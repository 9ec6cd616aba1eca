// The most floating-point operations a second that one core can do: loops of
// one instruction over registers, which no memory slows down.
#pragma once

#include <optional>
#include <string>

#include "absl/time/time.h"

namespace transformerd {

struct Peak {
  std::string instruction;     // "vfmadd231ps"
  double flop_per_second = 0;  // of CPU time
};

// The best of many short loops within `time`, with the widest instruction that
// this CPU has; nothing where it has none for the type.
std::optional<Peak> MeasureFloat32Peak(absl::Duration time);
std::optional<Peak> MeasureBfloat16Peak(absl::Duration time);

}  // namespace transformerd
