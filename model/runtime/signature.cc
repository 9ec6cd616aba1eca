#include "model/runtime/signature.h"

#include <algorithm>

#include "absl/strings/string_view.h"

namespace transformerd {
namespace {

Shape WithoutSymbols(Shape shape) {
  for (int64_t& extent : shape) {
    if (extent < 0) extent = -1;
  }
  return shape;
}

}  // namespace

std::optional<DType> InputSpec::dtype() const {
  switch (kind) {
    case InputKind::kTokens:
      return DType::kI64;
    case InputKind::kVectors:
    case InputKind::kPixels:
      return DType::kF32;
    case InputKind::kTensor:
      return tensor.dtype();
    case InputKind::kText:
      break;
  }
  return std::nullopt;
}

Shape InputSpec::FullShape() const {
  switch (kind) {
    case InputKind::kTokens:
      break;
    case InputKind::kVectors:
      return {-1, -1, vector_size};
    case InputKind::kText:
      return {-1, 1};
    case InputKind::kPixels: {
      Shape shape = image;
      shape.insert(shape.begin(), -1);
      return shape;
    }
    case InputKind::kTensor:
      return WithoutSymbols(tensor.shapes.front());
  }
  return {-1, -1};
}

Shape OutputSpec::FullShape() const {
  if (rows == OutputRows::kTensor) return WithoutSymbols(row_shape);
  Shape shape = {-1};
  if (rows == OutputRows::kToken) shape.push_back(-1);
  shape.insert(shape.end(), row_shape.begin(), row_shape.end());
  if (rows == OutputRows::kTokenPair) shape.insert(shape.end(), {-1, -1});
  return shape;
}

bool Signature::has_decoder() const {
  return std::any_of(inputs.begin(), inputs.end(),
                     [](const InputSpec& input) { return input.of_decoder; });
}

std::optional<int> Signature::FindOutput(absl::string_view name) const {
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i].name == name) return static_cast<int>(i);
  }
  return std::nullopt;
}

const InputSpec* Signature::FindInput(absl::string_view name) const {
  for (const InputSpec& input : inputs) {
    if (input.name == name) return &input;
  }
  return nullptr;
}

}  // namespace transformerd
