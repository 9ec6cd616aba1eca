#include "client/commands/tensor_element.h"

#include <cmath>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "glog/logging.h"
#include "proto/datatype.h"

namespace transformerd {
namespace {

double FromBFloat16(uint16_t bits) {
  const uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float value;
  std::memcpy(&value, &wide, sizeof(value));
  return value;
}

// IEEE 754 half precision: 1 sign, 5 exponent and 10 mantissa bits.
double FromHalf(uint16_t bits) {
  const double sign = (bits & 0x8000) != 0 ? -1.0 : 1.0;
  const int exponent = (bits >> 10) & 0x1F;
  const int mantissa = bits & 0x3FF;
  if (exponent == 0x1F) return mantissa == 0 ? sign * INFINITY : NAN;
  if (exponent == 0) return sign * std::ldexp(mantissa, -24);
  return sign * std::ldexp(mantissa + 0x400, exponent - 25);
}

Element ElementAt(const HostTensor& tensor, int64_t i) {
  switch (tensor.dtype) {
    case DType::kBool:
      return tensor.as<uint8_t>()[i] != 0;
    case DType::kU8:
      return uint64_t{tensor.as<uint8_t>()[i]};
    case DType::kU16:
      return uint64_t{tensor.as<uint16_t>()[i]};
    case DType::kU32:
      return uint64_t{tensor.as<uint32_t>()[i]};
    case DType::kU64:
      return tensor.as<uint64_t>()[i];
    case DType::kI8:
      return int64_t{tensor.as<int8_t>()[i]};
    case DType::kI16:
      return int64_t{tensor.as<int16_t>()[i]};
    case DType::kI32:
      return int64_t{tensor.as<int32_t>()[i]};
    case DType::kI64:
      return tensor.as<int64_t>()[i];
    case DType::kF16:
      return FromHalf(tensor.as<uint16_t>()[i]);
    case DType::kBF16:
      return FromBFloat16(tensor.as<uint16_t>()[i]);
    case DType::kF32:
      return double{tensor.as<float>()[i]};
    case DType::kF64:
      return tensor.as<double>()[i];
    default:
      break;
  }
  LOG(FATAL) << "element type " << NameOf(tensor.dtype)
             << " has no name in the protocol";
}

struct Text {
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(int64_t value) const { return absl::StrCat(value); }
  std::string operator()(uint64_t value) const { return absl::StrCat(value); }
  std::string operator()(double value) const {
    return absl::StrFormat("%.6g", value);
  }
  std::string operator()(const std::string& value) const {
    return absl::StrCat("\"", value, "\"");
  }
};

}  // namespace

const Shape& ShapeOf(const Tensor& tensor) {
  return std::visit([](const auto& t) -> const Shape& { return t.shape; },
                    tensor);
}

std::string DatatypeOf(const Tensor& tensor) {
  const auto* host = std::get_if<HostTensor>(&tensor);
  if (host == nullptr) return kBytesDatatype;
  return std::string(DatatypeName(host->dtype));
}

int64_t NumElements(const Tensor& tensor) {
  return NumElements(ShapeOf(tensor)).value_or(0);
}

Element ElementAt(const Tensor& tensor, int64_t index) {
  CHECK_LT(index, NumElements(tensor));
  if (const auto* strings = std::get_if<StringTensor>(&tensor)) {
    return strings->values[index];
  }
  return ElementAt(std::get<HostTensor>(tensor), index);
}

std::string ToString(const Element& element) {
  return std::visit(Text(), element);
}

nlohmann::json ToJson(const Element& element) {
  return std::visit([](const auto& value) { return nlohmann::json(value); },
                    element);
}

}  // namespace transformerd
