// Shapes: B batch, T tokens, D hidden.
#include "server/services/hidden_state_rows.h"

#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "model/base/host_tensor.h"
#include "model/base/shape.h"
#include "model/base/status_macros.h"
#include "proto/tensor_codec.h"
#include "server/services/integer_input.h"

namespace transformerd {
namespace {

using Tensor = inference::ModelInferRequest::InferInputTensor;

Shape ShapeOf(const Tensor& tensor) {
  return Shape(tensor.shape().begin(), tensor.shape().end());
}

// Index of the signature's first input, which the request was checked to have.
int FindFirst(const inference::ModelInferRequest& request,
              const Signature& signature) {
  int index = 0;
  while (request.inputs(index).name() != signature.inputs.front().name) {
    ++index;
  }
  return index;
}

// Batch and width by the vectors' shape, before anything is decoded.
absl::Status ReadExtents(const Tensor& vectors, const Signature& signature,
                         InferenceInput& input) {
  const int64_t hidden_size = signature.inputs.front().hidden_size;
  const Shape shape = ShapeOf(vectors);
  if (shape.size() != 3 || shape[0] < 1 || shape[1] < 1 ||
      shape[2] != hidden_size) {
    return RefuseInput(
        vectors.name(),
        absl::StrCat("shape ", ToString(shape), ", expected [batch,tokens,",
                     hidden_size, "], both at least 1"));
  }
  if (shape[1] > signature.max_sequence_length) {
    return RefuseInput(vectors.name(),
                       absl::StrCat("rows have ", shape[1],
                                    " tokens; the model takes at most ",
                                    signature.max_sequence_length));
  }
  if (vectors.datatype() != "FP32") {
    return RefuseInput(
        vectors.name(),
        absl::StrCat("datatype '", vectors.datatype(), "', expected FP32"));
  }
  input.batch = shape[0];
  input.width = shape[1];
  return absl::OkStatus();
}

absl::Status ReadMask(const inference::ModelInferRequest& request, int index,
                      InferenceInput& input) {
  const Tensor& mask = request.inputs(index);
  const Shape expected = {input.batch, input.width};
  if (ShapeOf(mask) != expected) {
    return RefuseInput(mask.name(),
                       absl::StrCat("shape ", ToString(ShapeOf(mask)),
                                    ", expected ", ToString(expected)));
  }
  ASSIGN_OR_RETURN(const std::vector<int64_t> mask_BT,
                   DecodeIntegers(request, index, /*limit=*/2));
  if (absl::c_linear_search(mask_BT, 0)) {
    input.attention_mask.assign(mask_BT.begin(), mask_BT.end());
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<InferenceInput> ReadHiddenStateRows(
    const inference::ModelInferRequest& request, const Signature& signature) {
  InferenceInput input;
  const int first = FindFirst(request, signature);
  RETURN_IF_ERROR(ReadExtents(request.inputs(first), signature, input));
  ASSIGN_OR_RETURN(const HostTensor vectors_BTD, DecodeInput(request, first));
  const absl::Span<const float> values = vectors_BTD.as<float>();
  input.hidden_states.assign(values.begin(), values.end());
  for (int i = 0; i < request.inputs_size(); ++i) {
    if (i != first) RETURN_IF_ERROR(ReadMask(request, i, input));
  }
  input.lengths.assign(input.batch, input.width);
  return input;
}

}  // namespace transformerd
