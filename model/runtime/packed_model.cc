#include "model/runtime/packed_model.h"

#include <utility>

#include "glog/logging.h"
#include "model/base/catch_exceptions.h"
#include "model/base/status_macros.h"
#include "model/runtime/packing.h"

namespace transformerd {

PackedModel::PackedModel(std::unique_ptr<PackedModelParts> parts)
    : parts_(std::move(parts)) {}

absl::StatusOr<std::vector<InferenceOutput>> PackedModel::Run(
    int worker, absl::Span<const InferenceInput* const> batch) {
  CHECK_GE(worker, 0);
  CHECK_LT(worker, static_cast<int>(parts_->executors.size()));
  return CatchExceptions([&]() -> absl::StatusOr<std::vector<InferenceOutput>> {
    const PackedBatch packed = Pack(batch, parts_->architecture);
    ASSIGN_OR_RETURN(const PackedOutputs outputs,
                     parts_->executors[worker]->Run(packed));
    return Unpack(outputs, packed, batch, parts_->signature);
  });
}

}  // namespace transformerd
