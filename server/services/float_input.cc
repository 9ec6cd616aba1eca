#include "server/services/float_input.h"

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "model/base/host_tensor.h"
#include "model/base/status_macros.h"
#include "proto/tensor_codec.h"
#include "server/services/integer_input.h"

namespace transformerd {

absl::StatusOr<std::vector<float>> DecodeFloats(
    const inference::ModelInferRequest& request, int index) {
  const auto& tensor = request.inputs(index);
  if (tensor.datatype() != "FP32") {
    return RefuseInput(
        tensor.name(),
        absl::StrCat("datatype '", tensor.datatype(), "', expected FP32"));
  }
  ASSIGN_OR_RETURN(const HostTensor decoded, DecodeInput(request, index));
  const absl::Span<const float> values = decoded.as<float>();
  return std::vector<float>(values.begin(), values.end());
}

}  // namespace transformerd
