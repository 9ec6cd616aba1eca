#include "model/runtime/signature.h"

#include "absl/strings/string_view.h"

namespace transformerd {

DType InputSpec::dtype() const {
  return kind == InputKind::kHidden ? DType::kF32 : DType::kI64;
}

Shape InputSpec::FullShape() const {
  Shape shape = {-1, -1};
  if (kind == InputKind::kHidden) shape.push_back(hidden_size);
  return shape;
}

Shape OutputSpec::FullShape() const {
  Shape shape = {-1};
  if (rows == OutputRows::kToken) shape.push_back(-1);
  shape.insert(shape.end(), row_shape.begin(), row_shape.end());
  if (rows == OutputRows::kTokenPair) shape.insert(shape.end(), {-1, -1});
  return shape;
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
