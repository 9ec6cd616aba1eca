#include "client/commands/infer_output.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/commands/json_text.h"
#include "client/commands/tensor_element.h"
#include "client/commands/text_table.h"
#include "nlohmann/json.hpp"

namespace transformerd {
namespace {

// "  1 2 3 ..." for `width` elements from `begin` on.
std::string RowText(const Tensor& tensor, int64_t begin, int64_t width,
                    int64_t num_values) {
  const int64_t shown = num_values == 0 ? width : std::min(width, num_values);
  std::string text = " ";
  for (int64_t i = begin; i < begin + shown; ++i) {
    absl::StrAppend(&text, " ", ToString(ElementAt(tensor, i)));
  }
  if (shown < width) absl::StrAppend(&text, " ...");
  return text + "\n";
}

std::string TensorText(const NamedTensor& output, int64_t num_values) {
  const Tensor& tensor = output.tensor;
  const Shape& shape = ShapeOf(tensor);
  std::string text = absl::StrCat(output.name, " ", DatatypeOf(tensor), " ",
                                  ToString(shape), "\n");
  // Vectors and scalars are one row.
  const int64_t rows = shape.size() < 2 ? 1 : shape[0];
  const int64_t width = rows == 0 ? 0 : NumElements(tensor) / rows;
  for (int64_t row = 0; row < rows; ++row) {
    absl::StrAppend(&text, RowText(tensor, row * width, width, num_values));
  }
  return text;
}

nlohmann::json TensorJson(const NamedTensor& output) {
  nlohmann::json values = nlohmann::json::array();
  const int64_t count = NumElements(output.tensor);
  for (int64_t i = 0; i < count; ++i) {
    values.push_back(ToJson(ElementAt(output.tensor, i)));
  }
  const Shape& shape = ShapeOf(output.tensor);
  return {{"name", output.name},
          {"datatype", DatatypeOf(output.tensor)},
          {"shape", std::vector<int64_t>(shape.begin(), shape.end())},
          {"data", std::move(values)}};
}

}  // namespace

std::string InferResultAsText(const InferResult& result, int64_t num_values) {
  std::string text;
  for (const NamedTensor& output : result.outputs) {
    absl::StrAppend(&text, WithoutControls(TensorText(output, num_values)));
  }
  return text;
}

std::string InferResultAsJson(const InferResult& result) {
  nlohmann::json outputs = nlohmann::json::array();
  for (const NamedTensor& output : result.outputs) {
    outputs.push_back(TensorJson(output));
  }
  return JsonText({{"model_name", result.model},
                   {"model_version", result.version},
                   {"outputs", std::move(outputs)}});
}

}  // namespace transformerd
