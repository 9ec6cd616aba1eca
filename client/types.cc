#include "client/types.h"

namespace transformerd {

const Tensor* InferResult::Find(const std::string& name) const {
  for (const NamedTensor& output : outputs) {
    if (output.name == name) return &output.tensor;
  }
  return nullptr;
}

}  // namespace transformerd
