#include "model/runtime/tensor_model.h"

#include <utility>

#include "glog/logging.h"
#include "model/base/status_macros.h"

namespace transformerd {

TensorModel::TensorModel(std::unique_ptr<PackedModelParts> parts,
                         std::vector<std::unique_ptr<TensorExecutor>> executors)
    : parts_(std::move(parts)), executors_(std::move(executors)) {}

absl::StatusOr<std::vector<InferenceOutput>> TensorModel::Run(
    int worker, absl::Span<const InferenceInput* const> batch) {
  CHECK_GE(worker, 0);
  CHECK_LT(worker, static_cast<int>(executors_.size()));
  std::vector<InferenceOutput> answers;
  answers.reserve(batch.size());
  for (const InferenceInput* input : batch) {
    ASSIGN_OR_RETURN(InferenceOutput answer, executors_[worker]->Run(*input));
    answers.push_back(std::move(answer));
  }
  return answers;
}

}  // namespace transformerd
