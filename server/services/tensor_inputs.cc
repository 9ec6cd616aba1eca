#include "server/services/tensor_inputs.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "model/base/host_tensor.h"
#include "model/base/shape.h"
#include "model/base/status_macros.h"
#include "model/runtime/tensor_spec.h"
#include "proto/tensor_codec.h"
#include "server/services/integer_input.h"

namespace transformerd {
namespace {

using Tensor = inference::ModelInferRequest::InferInputTensor;

// What a symbol stands for that no tensor has said yet.
constexpr int64_t kOpen = 0;

// The largest number that a symbol may stand for.
int64_t MostOf(int64_t extent, int64_t max_sequence_length) {
  switch (extent) {
    case kTokens:
      return max_sequence_length;
    case kOtherTokens:
      return kMaxOtherTokens;
    default:
      return std::numeric_limits<int64_t>::max();
  }
}

// Whether `shape` is the pattern with its symbols as in `extents`, to which
// those are added that were open.
bool Matches(const Shape& shape, const Shape& pattern,
             std::vector<int64_t>& extents) {
  if (shape.size() != pattern.size()) return false;
  std::vector<int64_t> bound = extents;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (pattern[i] >= 0) {
      if (shape[i] != pattern[i]) return false;
      continue;
    }
    int64_t& extent = bound[-pattern[i] - 1];
    if (extent == kOpen) extent = shape[i];
    if (extent != shape[i] || extent < 1) return false;
  }
  extents = std::move(bound);
  return true;
}

// "[batch,tokens,32]", or several of them; then what symbols stand for.
std::string Expected(const TensorSpec& spec,
                     const std::vector<int64_t>& extents) {
  std::string text = absl::StrJoin(spec.shapes, " or ",
                                   [](std::string* out, const Shape& shape) {
                                     out->append(NameOfShape(shape));
                                   });
  std::vector<std::string> known;
  for (int i = 0; i < kNumExtents; ++i) {
    if (extents[i] == kOpen) continue;
    known.push_back(absl::StrCat(NameOfExtent(-i - 1), "=", extents[i]));
  }
  if (!known.empty()) {
    absl::StrAppend(&text, " with ", absl::StrJoin(known, ", "));
  }
  return text;
}

absl::Status CheckShape(const Tensor& tensor, const InputSpec& spec,
                        int64_t max_sequence_length,
                        std::vector<int64_t>& extents) {
  const Shape shape(tensor.shape().begin(), tensor.shape().end());
  for (const Shape& pattern : spec.tensor.shapes) {
    if (!Matches(shape, pattern, extents)) continue;
    for (const int64_t extent : pattern) {
      const int64_t limit = MostOf(extent, max_sequence_length);
      if (extent < 0 && extents[-extent - 1] > limit) {
        return RefuseInput(spec.name,
                           absl::StrCat("rows have ", extents[-extent - 1], " ",
                                        NameOfExtent(extent),
                                        "; the model takes at most ", limit));
      }
      if (extent == kWidth && extents[-kWidth - 1] < spec.tensor.min_width) {
        return RefuseInput(spec.name,
                           absl::StrCat("vectors have ", extents[-kWidth - 1],
                                        " numbers, expected at least ",
                                        spec.tensor.min_width));
      }
    }
    return absl::OkStatus();
  }
  return RefuseInput(
      spec.name,
      absl::StrCat("shape ", ToString(shape), ", expected ",
                   Expected(spec.tensor, extents), ", all extents at least 1"));
}

// Calls `function` with the elements as a span of what they are; false where
// the dtype is none of those that masks and ids come in.
template <typename Function>
bool VisitNumbers(const HostTensor& tensor, Function&& function) {
  switch (tensor.dtype) {
    case DType::kBool:
      function(tensor.as<uint8_t>());
      return true;
    case DType::kI32:
      function(tensor.as<int32_t>());
      return true;
    case DType::kI64:
      function(tensor.as<int64_t>());
      return true;
    case DType::kF32:
      function(tensor.as<float>());
      return true;
    default:
      return false;
  }
}

absl::StatusOr<HostTensor> ToIds(const Tensor& wire, const TensorSpec& spec,
                                 const HostTensor& tensor) {
  HostTensor ids(DType::kI64, tensor.shape);
  const bool is_label = spec.values == TensorValues::kLabels;
  absl::Status status;
  const auto convert = [&](auto values) {
    const absl::Span<int64_t> out = ids.as<int64_t>();
    for (size_t i = 0; i < values.size() && status.ok(); ++i) {
      const auto value = static_cast<int64_t>(values[i]);
      out[i] = value;
      if ((value >= 0 && value < spec.limit) ||
          (is_label && value == kIgnoredLabel)) {
        continue;
      }
      status = RefuseInput(
          wire.name(),
          absl::StrCat("value ", value, " at element ", i, ", expected 0 to ",
                       spec.limit - 1,
                       is_label ? absl::StrCat(" or ", kIgnoredLabel) : ""));
    }
  };
  if (tensor.dtype == DType::kI32) {
    convert(tensor.as<int32_t>());
  } else {
    convert(tensor.as<int64_t>());
  }
  if (!status.ok()) return status;
  return ids;
}

absl::StatusOr<HostTensor> ToFloats(const Tensor& wire, const TensorSpec& spec,
                                    const HostTensor& tensor) {
  HostTensor floats(DType::kF32, tensor.shape);
  absl::Status status;
  const bool is_mask = spec.values == TensorValues::kMask;
  const bool is_number = VisitNumbers(tensor, [&](auto values) {
    const absl::Span<float> out = floats.as<float>();
    for (size_t i = 0; i < values.size(); ++i) {
      out[i] = static_cast<float>(values[i]);
      if (!is_mask || out[i] == 0 || out[i] == 1) continue;
      status = RefuseInput(wire.name(),
                           absl::StrCat("value ", out[i], " at element ", i,
                                        ", expected 0 or 1"));
      return;
    }
  });
  if (!is_number) {
    return RefuseInput(wire.name(),
                       absl::StrCat("datatype '", wire.datatype(),
                                    "', expected BOOL, INT64, INT32 or FP32"));
  }
  if (!status.ok()) return status;
  return floats;
}

absl::StatusOr<HostTensor> Read(const inference::ModelInferRequest& request,
                                int index, const TensorSpec& spec) {
  const Tensor& wire = request.inputs(index);
  const bool is_ids = spec.dtype() == DType::kI64;
  if (is_ids && wire.datatype() != "INT64" && wire.datatype() != "INT32") {
    return RefuseInput(wire.name(), absl::StrCat("datatype '", wire.datatype(),
                                                 "', expected INT64 or INT32"));
  }
  if (spec.values == TensorValues::kVectors && wire.datatype() != "FP32") {
    return RefuseInput(wire.name(), absl::StrCat("datatype '", wire.datatype(),
                                                 "', expected FP32"));
  }
  ASSIGN_OR_RETURN(HostTensor tensor, DecodeInput(request, index));
  if (spec.values == TensorValues::kVectors) return tensor;
  return is_ids ? ToIds(wire, spec, tensor) : ToFloats(wire, spec, tensor);
}

// Index of the input in the request.
std::optional<int> Find(const inference::ModelInferRequest& request,
                        absl::string_view name) {
  for (int i = 0; i < request.inputs_size(); ++i) {
    if (request.inputs(i).name() == name) return i;
  }
  return std::nullopt;
}

// Rows and tokens as the queue counts work.
void CountWork(const Signature& signature, InferenceInput& input) {
  std::vector<int64_t>& extents = input.extents;
  for (int64_t& extent : extents) {
    if (extent == kOpen) extent = 1;
  }
  bool makes_pairs = false;
  for (const OutputSpec& output : signature.outputs) {
    for (const int64_t extent : output.row_shape) {
      makes_pairs = makes_pairs || extent == kPairs;
    }
  }
  input.batch = extents[-kBatch - 1];
  input.width = extents[-kTokens - 1];
  const int64_t rows = makes_pairs ? input.batch : 1;
  extents[-kPairs - 1] = input.batch * rows;
  input.lengths.assign(input.batch,
                       rows * (input.width + extents[-kOtherTokens - 1]));
}

}  // namespace

absl::StatusOr<InferenceInput> ReadTensors(
    const inference::ModelInferRequest& request, const Signature& signature) {
  InferenceInput input;
  input.extents.assign(kNumExtents, kOpen);
  // All shapes before anything is decoded: an absurd one costs nothing.
  std::vector<std::optional<int>> places;
  for (const InputSpec& spec : signature.inputs) {
    const std::optional<int> place = Find(request, spec.name);
    places.push_back(place);
    if (place.has_value()) {
      RETURN_IF_ERROR(CheckShape(request.inputs(*place), spec,
                                 signature.max_sequence_length, input.extents));
    } else if (!spec.optional) {
      return RefuseInput(spec.name, "is missing");
    }
  }
  for (size_t i = 0; i < places.size(); ++i) {
    input.tensors.emplace_back();
    if (!places[i].has_value()) continue;
    ASSIGN_OR_RETURN(input.tensors.back(),
                     Read(request, *places[i], signature.inputs[i].tensor));
  }
  CountWork(signature, input);
  return input;
}

}  // namespace transformerd
