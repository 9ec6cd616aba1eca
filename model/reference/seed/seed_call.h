// The tensors of one request to a module of AllenNLP's, by their names.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorOptions.h>

#include <vector>

#include "absl/strings/string_view.h"
#include "model/reference/downloads.h"
#include "model/runtime/inference.h"
#include "model/runtime/signature.h"

namespace transformerd {

// Used by one thread.
class SeedCall {
 public:
  // Inputs are taken to the device of the parameters, floating-point ones in
  // their dtype: those of `options`. The references must outlive the object.
  SeedCall(const Signature& signature, const InferenceInput& input,
           const at::TensorOptions& options);

  at::ScalarType dtype() const {
    return c10::typeMetaToScalarType(options_.dtype());
  }

  // An input of the signature (CHECK); undefined where it is not given.
  at::Tensor Get(absl::string_view name) const;

  // Whether the request asks for an output; false for a name that the module
  // never gives.
  bool Wants(absl::string_view name) const;
  // Offers an output, which is kept where it is wanted.
  void Give(absl::string_view name, const at::Tensor& tensor);

  // The answer; every output that is wanted must have been given (CHECK).
  InferenceOutput Take() &&;

 private:
  const Signature& signature_;
  const InferenceInput& input_;
  const at::TensorOptions options_;
  Downloads answer_;
  std::vector<bool> is_given_;
};

}  // namespace transformerd
