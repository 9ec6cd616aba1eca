// Shapes: B batch, T tokens.
#include "server/services/integer_input.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "model/base/error_details.h"
#include "model/base/host_tensor.h"
#include "model/base/status_macros.h"
#include "proto/tensor_codec.h"

namespace transformerd {
namespace {

// "[1,7]" for the eighth token of the second row.
std::string Position(int64_t index, int64_t width) {
  return absl::StrCat("[", index / width, ",", index % width, "]");
}

template <typename T>
absl::StatusOr<std::vector<int64_t>> TakeWithin(absl::string_view tensor,
                                                int64_t limit, int64_t width,
                                                absl::Span<const T> values_BT) {
  for (size_t i = 0; i < values_BT.size(); ++i) {
    if (values_BT[i] >= 0 && values_BT[i] < limit) continue;
    return RefuseInput(
        tensor, absl::StrCat("value ", values_BT[i], " at ", Position(i, width),
                             ", expected 0 to ", limit - 1));
  }
  return std::vector<int64_t>(values_BT.begin(), values_BT.end());
}

}  // namespace

absl::Status RefuseInput(absl::string_view tensor, absl::string_view message) {
  return WithField(absl::InvalidArgumentError(
                       absl::StrCat("input '", tensor, "': ", message)),
                   tensor);
}

absl::StatusOr<std::vector<int64_t>> DecodeIntegers(
    const inference::ModelInferRequest& request, int index, int64_t limit) {
  const auto& tensor = request.inputs(index);
  // Before decoding, for the message that says what this input takes.
  if (tensor.datatype() != "INT64" && tensor.datatype() != "INT32") {
    return RefuseInput(tensor.name(),
                       absl::StrCat("datatype '", tensor.datatype(),
                                    "', expected INT64 or INT32"));
  }
  ASSIGN_OR_RETURN(const HostTensor decoded, DecodeInput(request, index));
  const int64_t width = tensor.shape(1);
  if (decoded.dtype == DType::kI64) {
    return TakeWithin(tensor.name(), limit, width, decoded.as<int64_t>());
  }
  return TakeWithin(tensor.name(), limit, width, decoded.as<int32_t>());
}

}  // namespace transformerd
