// Which tied parameters of a checkpoint are one and the same.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "model/checkpoint/checkpoint_reader.h"
#include "model/loading/load_control.h"
#include "model/loading/name_map.h"
#include "model/modules/parameter_slot.h"

namespace transformerd {

// Many checkpoints hold a tied parameter twice. As in transformers, what the
// config says about tying counts only where both copies are equal: equal ones
// are loaded once, the second key being left unread; where they differ each
// slot has its own, with a warning.
//
// Headers cannot tell: the two tensors are read and compared, a mebibyte at a
// time and up to the first difference, and only where both keys are there with
// the same dtype and shape. Errors: the reader's, or the cancellation's.
absl::Status TieEqualTensors(
    absl::Span<const std::unique_ptr<ParameterSlot>> slots,
    const CheckpointReader& reader, const LoadControl& control,
    NameMap& name_map);

}  // namespace transformerd
