// A model of random numbers, laid out as the native engine reads it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/config/architecture.h"
#include "model/kernels/kernels.h"
#include "model/modules/transformer.h"
#include "model/native/buffer.h"
#include "model/native/weights.h"

namespace transformerd {

// In float32, with the kernels of this processor, which needs AVX2 (CHECK).
class RandomModel {
 public:
  explicit RandomModel(const Architecture& architecture);

  const NativeWeights& weights() const { return *weights_; }
  const kernels::Kernels& kernels() const { return kernels_; }
  // Of a slot, as they were before it was packed.
  const std::vector<float>& values(const std::string& slot) const {
    return values_.at(slot);
  }

 private:
  const kernels::Kernels& kernels_;
  Transformer transformer_;
  std::vector<Buffer> storage_;
  std::map<std::string, std::vector<float>> values_;
  std::optional<NativeWeights> weights_;
};

}  // namespace transformerd
