// A loaded module that runs each request's tensors as they are.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "model/runtime/loaded_model.h"
#include "model/runtime/packed_model.h"
#include "model/runtime/tensor_executor.h"

namespace transformerd {

// Thread-safe as LoadedModel asks.
class TensorModel : public LoadedModel {
 public:
  // `executors`, one a worker, may refer to `parts`, whose own are not used.
  TensorModel(std::unique_ptr<PackedModelParts> parts,
              std::vector<std::unique_ptr<TensorExecutor>> executors);

  const Signature& signature() const override { return parts_->signature; }
  const Architecture& architecture() const override {
    return parts_->architecture;
  }
  const LoadReport& report() const override { return parts_->report; }
  // Null: the modules take what AllenNLP's do.
  const Tokenizer* tokenizer() const override { return nullptr; }
  std::map<std::string, std::string> properties() const override {
    return parts_->properties;
  }
  // One request after the other.
  absl::StatusOr<std::vector<InferenceOutput>> Run(
      int worker, absl::Span<const InferenceInput* const> batch) override;

 private:
  const std::unique_ptr<PackedModelParts> parts_;
  std::vector<std::unique_ptr<TensorExecutor>> executors_;
};

}  // namespace transformerd
