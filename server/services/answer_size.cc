#include "server/services/answer_size.h"

#include <cstdint>
#include <limits>
#include <optional>

#include "absl/strings/str_cat.h"
#include "model/base/error_details.h"
#include "model/base/shape.h"

namespace transformerd {
namespace {

// protobuf's own limit, less room for names and shapes.
constexpr int64_t kMaxAnswerBytes =
    std::numeric_limits<int32_t>::max() - (int64_t{1} << 20);

// The extents of an output for a given request.
Shape AnswerShape(const OutputSpec& output, const InferenceInput& input) {
  if (output.rows == OutputRows::kTensor) {
    return Resolve(output.row_shape, input.extents);
  }
  const auto width = [&input](bool of_decoder) {
    return of_decoder ? input.decoder.width : input.width;
  };
  Shape shape = output.FullShape();
  shape.front() = input.batch;
  switch (output.rows) {
    case OutputRows::kSequence:
    case OutputRows::kTensor:  // has its shape above
      break;
    case OutputRows::kToken:
      shape[1] = width(output.of_decoder);
      break;
    case OutputRows::kTokenPair:
      shape[shape.size() - 2] = width(output.of_decoder);
      shape.back() = width(output.keys_of_decoder);
      break;
  }
  return shape;
}

}  // namespace

absl::Status CheckAnswerSize(const Signature& signature,
                             const InferenceInput& input) {
  int64_t total = 0;
  for (const int index : input.outputs) {
    const OutputSpec& output = signature.outputs[index];
    const Shape shape = AnswerShape(output, input);
    const std::optional<int64_t> size = SizeBytes(output.dtype, shape);
    if (size.has_value() && *size <= kMaxAnswerBytes - total) {
      total += *size;
      continue;
    }
    return WithField(absl::InvalidArgumentError(absl::StrCat(
                         "output '", output.name, "' of shape ",
                         ToString(shape), " makes the answer larger than ",
                         kMaxAnswerBytes, " bytes; send fewer rows")),
                     output.name);
  }
  return absl::OkStatus();
}

}  // namespace transformerd
