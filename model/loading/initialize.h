// Start values of parameters that a load leaves out on purpose.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "model/base/dtype.h"
#include "model/modules/parameter_slot.h"

namespace transformerd {

struct InitialValues {
  // Of the slot: the seed of kNormal, so that a parameter starts with the same
  // values in every process.
  absl::string_view name;
  Initializer initializer = Initializer::kZeros;
  double standard_deviation = 0.02;  // of kNormal, whose mean is 0
};

// Writes elements [first_element, first_element + n) of a parameter into `out`,
// which holds n elements of `dtype`: F16, BF16, F32 or F64 (CHECK). Element i
// does not depend on how the parameter is cut into calls.
void Initialize(const InitialValues& values, DType dtype, int64_t first_element,
                absl::Span<std::byte> out);

}  // namespace transformerd
