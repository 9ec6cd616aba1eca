// In which dtype a model is computed where nobody asks for one.
#pragma once

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "model/base/device.h"
#include "model/base/dtype.h"
#include "model/checkpoint/checkpoint_reader.h"
#include "model/config/config_reader.h"
#include "model/kernels/instruction_set.h"

namespace transformerd {

// The floating-point dtype that most bytes of the checkpoint have.
DType PrevailingDType(absl::Span<const CheckpointEntry> entries);

// What config.json says of the dtype of its checkpoint.
absl::StatusOr<DType> DTypeOfConfig(const ConfigReader& config);

// What a device, or a CPU with these features, computes in for a checkpoint of
// dtype `dtype`. No CPU here computes in float16.
DType DTypeOn(const Device& device, DType dtype,
              const kernels::CpuFeatures& features);

}  // namespace transformerd
