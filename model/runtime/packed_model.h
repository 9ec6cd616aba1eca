// A loaded model that runs requests as packed batches.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "model/runtime/device_room.h"
#include "model/runtime/executor.h"
#include "model/runtime/loaded_model.h"
#include "model/runtime/replica.h"

namespace transformerd {

// What a PackedModel consists of. Held by pointer, as executors keep
// references to the architecture and the signature in here.
struct PackedModelParts {
  Architecture architecture;
  Signature signature;
  LoadReport report;
  std::map<std::string, std::string> properties;
  std::unique_ptr<const Tokenizer> tokenizer;  // may be null
  DeviceRoom::Reservation device_room;         // of the replicas
  std::vector<Replica> replicas;
  // One a worker; declared last, because they use all of the above.
  std::vector<std::unique_ptr<Executor>> executors;
};

// Thread-safe as LoadedModel asks.
class PackedModel : public LoadedModel {
 public:
  explicit PackedModel(std::unique_ptr<PackedModelParts> parts);

  const Signature& signature() const override { return parts_->signature; }
  const Architecture& architecture() const override {
    return parts_->architecture;
  }
  const LoadReport& report() const override { return parts_->report; }
  const Tokenizer* tokenizer() const override {
    return parts_->tokenizer.get();
  }
  std::map<std::string, std::string> properties() const override {
    return parts_->properties;
  }
  absl::StatusOr<std::vector<InferenceOutput>> Run(
      int worker, absl::Span<const InferenceInput* const> batch) override;

 private:
  const std::unique_ptr<PackedModelParts> parts_;
};

}  // namespace transformerd
