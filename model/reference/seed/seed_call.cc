#include "model/reference/seed/seed_call.h"

#include <ATen/ops/from_blob.h>

#include <optional>
#include <utility>

#include "glog/logging.h"
#include "model/base/host_tensor.h"
#include "model/reference/tensors.h"

namespace transformerd {
namespace {

// A view; tensors of requests are only read.
at::Tensor ViewOf(const HostTensor& tensor) {
  return at::from_blob(
      const_cast<char*>(tensor.bytes.data()),
      at::IntArrayRef(tensor.shape.data(), tensor.shape.size()),
      tensor.dtype == DType::kI64 ? at::kLong : at::kFloat);
}

}  // namespace

SeedCall::SeedCall(const Signature& signature, const InferenceInput& input,
                   const at::TensorOptions& options)
    : signature_(signature),
      input_(input),
      options_(options),
      answer_(input.outputs.size()),
      is_given_(input.outputs.size(), false) {
  CHECK_EQ(input.tensors.size(), signature.inputs.size());
}

at::Tensor SeedCall::Get(absl::string_view name) const {
  for (size_t i = 0; i < signature_.inputs.size(); ++i) {
    if (signature_.inputs[i].name != name) continue;
    if (!input_.tensors[i].has_value()) return {};
    const at::Tensor tensor =
        ToDevice(ViewOf(*input_.tensors[i]), options_.device());
    return tensor.is_floating_point() ? tensor.to(dtype()) : tensor;
  }
  LOG(FATAL) << "the module has no input " << name;
}

bool SeedCall::Wants(absl::string_view name) const {
  for (const int output : input_.outputs) {
    if (signature_.outputs[output].name == name) return true;
  }
  return false;
}

void SeedCall::Give(absl::string_view name, const at::Tensor& tensor) {
  for (size_t i = 0; i < input_.outputs.size(); ++i) {
    if (signature_.outputs[input_.outputs[i]].name != name) continue;
    answer_.Start(i, tensor);
    is_given_[i] = true;
  }
}

InferenceOutput SeedCall::Take() && {
  for (size_t i = 0; i < is_given_.size(); ++i) {
    CHECK(is_given_[i]) << signature_.outputs[input_.outputs[i]].name;
  }
  return std::move(answer_).Take();
}

}  // namespace transformerd
