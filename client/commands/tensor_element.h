// Elements of a tensor one by one, whatever its type.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "client/types.h"
#include "nlohmann/json.hpp"

namespace transformerd {

using Element = std::variant<bool, int64_t, uint64_t, double, std::string>;

const Shape& ShapeOf(const Tensor& tensor);
// The protocol's name of the element type.
std::string DatatypeOf(const Tensor& tensor);
int64_t NumElements(const Tensor& tensor);

// The element at `index` of the row-major order, which must be there.
Element ElementAt(const Tensor& tensor, int64_t index);

// "1", "0.1234", "true"; strings in quotes.
std::string ToString(const Element& element);

// Numbers that JSON lacks (infinity, not a number) become null.
nlohmann::json ToJson(const Element& element);

}  // namespace transformerd
