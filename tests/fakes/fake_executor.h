// An executor whose answers show which tokens it was given.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "model/runtime/executor.h"
#include "model/runtime/signature.h"

namespace transformerd {

// Answers kToken outputs of one number a token with the token's id, and
// kSequence outputs of one number a row with the row's length. Keeps the
// batches that it saw. Not thread-safe.
class FakeExecutor : public Executor {
 public:
  // `signature` must outlive the executor.
  explicit FakeExecutor(const Signature& signature) : signature_(signature) {}

  // Runs fail with this status until it is OK again.
  void FailWith(absl::Status status) { status_ = std::move(status); }

  const std::vector<PackedBatch>& batches() const { return batches_; }

  absl::StatusOr<PackedOutputs> Run(const PackedBatch& batch) override {
    batches_.push_back(batch);
    if (!status_.ok()) return status_;
    PackedOutputs outputs;
    for (int index : batch.outputs) {
      const bool per_token =
          signature_.outputs[index].rows == OutputRows::kToken;
      std::vector<float> values;
      if (per_token) {
        values.assign(batch.input_ids.begin(), batch.input_ids.end());
      } else {
        for (int64_t s = 0; s < batch.num_sequences(); ++s) {
          values.push_back(static_cast<float>(batch.length(s)));
        }
      }
      const int64_t rows = static_cast<int64_t>(values.size());
      outputs.push_back(MakeTensor({rows, 1}, values));
    }
    return outputs;
  }

 private:
  const Signature& signature_;
  absl::Status status_;
  std::vector<PackedBatch> batches_;
};

}  // namespace transformerd
