#include "server/services/pixel_rows.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "model/base/shape.h"
#include "model/base/status_macros.h"
#include "server/services/float_input.h"
#include "server/services/integer_input.h"

namespace transformerd {
namespace {

using Tensor = inference::ModelInferRequest::InferInputTensor;

absl::Status CheckShape(const Tensor& pixels, const Shape& image) {
  const Shape shape(pixels.shape().begin(), pixels.shape().end());
  const bool fits = shape.size() == image.size() + 1 && shape[0] >= 1 &&
                    std::equal(image.begin(), image.end(), shape.begin() + 1);
  if (!fits) {
    return RefuseInput(
        pixels.name(),
        absl::StrCat("shape ", ToString(shape), ", expected [batch,",
                     absl::StrJoin(image, ","),
                     "]: batch, channels, height, width; batch at least 1"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<InferenceInput> ReadPixelRows(
    const inference::ModelInferRequest& request, const Signature& signature) {
  const Tensor& pixels = request.inputs(0);
  RETURN_IF_ERROR(CheckShape(pixels, signature.inputs.front().image));
  InferenceInput input;
  ASSIGN_OR_RETURN(input.pixel_values, DecodeFloats(request, 0));
  input.batch = pixels.shape(0);
  // Rows of patches, all as long as the model's.
  input.width = signature.max_sequence_length;
  input.lengths.assign(input.batch, input.width);
  return input;
}

}  // namespace transformerd
