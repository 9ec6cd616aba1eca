#include "proto/typed_contents.h"

#include <cmath>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

#include "absl/base/casts.h"
#include "absl/strings/str_cat.h"
#include "glog/logging.h"
#include "model/base/status_macros.h"
#include "proto/datatype.h"

namespace transformerd {
namespace {

using ::google::protobuf::FieldDescriptor;
using ::inference::InferTensorContents;

std::vector<const FieldDescriptor*> FieldsWithElements(
    const InferTensorContents& contents) {
  std::vector<const FieldDescriptor*> fields;
  contents.GetReflection()->ListFields(contents, &fields);
  return fields;
}

// Elements lie in the field of their type and in no other.
absl::Status CheckField(const InferTensorContents& contents, int number,
                        absl::string_view datatype) {
  for (const FieldDescriptor* field : FieldsWithElements(contents)) {
    if (field->number() == number) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "elements in ", field->name(), ", expected them in ",
        InferTensorContents::descriptor()->FindFieldByNumber(number)->name(),
        " for ", datatype));
  }
  return absl::OkStatus();
}

absl::Status CheckCount(int64_t given, int64_t expected) {
  if (given == expected) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(given, " elements, expected ", expected, " for its shape"));
}

// INT8 travels in the field of INT32, and so on.
template <typename T, typename Wide>
absl::Status CheckRange(int64_t index, Wide value, absl::string_view datatype) {
  if constexpr (std::is_integral_v<T> && sizeof(T) < sizeof(Wide)) {
    if (value < std::numeric_limits<T>::min() ||
        value > std::numeric_limits<T>::max()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "element ", index, " is ", value, ", expected a number in [",
          std::numeric_limits<T>::min(), ", ", std::numeric_limits<T>::max(),
          "] for ", datatype));
    }
  }
  return absl::OkStatus();
}

template <typename T, typename Field>
absl::StatusOr<HostTensor> Unpack(const Field& field, DType dtype,
                                  Shape shape) {
  const std::optional<int64_t> count = NumElements(shape);
  CHECK(count.has_value());
  RETURN_IF_ERROR(CheckCount(field.size(), *count));
  HostTensor tensor(dtype, std::move(shape));
  const absl::Span<T> elements = tensor.as<T>();
  for (int i = 0; i < field.size(); ++i) {
    RETURN_IF_ERROR(CheckRange<T>(i, field[i], DatatypeName(dtype)));
    elements[i] = static_cast<T>(field[i]);
  }
  return tensor;
}

float FromBFloat16(uint16_t bits) {
  return absl::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

float FromFloat16(uint16_t bits) {
  const int exponent = bits >> 10 & 0x1F;
  const int fraction = bits & 0x3FF;
  float magnitude;
  if (exponent == 0x1F) {
    magnitude = fraction == 0 ? std::numeric_limits<float>::infinity()
                              : std::numeric_limits<float>::quiet_NaN();
  } else if (exponent == 0) {
    magnitude = std::ldexp(static_cast<float>(fraction), -24);
  } else {
    magnitude = std::ldexp(static_cast<float>(fraction + 0x400), exponent - 25);
  }
  return bits & 0x8000 ? -magnitude : magnitude;
}

}  // namespace

bool HasElements(const InferTensorContents& contents) {
  return !FieldsWithElements(contents).empty();
}

absl::StatusOr<HostTensor> TensorFromContents(
    const InferTensorContents& contents, DType dtype, Shape shape) {
  const auto unpack = [&](auto element, const auto& field,
                          int number) -> absl::StatusOr<HostTensor> {
    RETURN_IF_ERROR(CheckField(contents, number, DatatypeName(dtype)));
    return Unpack<decltype(element)>(field, dtype, std::move(shape));
  };
  using C = InferTensorContents;
  const auto& c = contents;
  switch (dtype) {
    case DType::kBool:
      return unpack(bool(), c.bool_contents(), C::kBoolContentsFieldNumber);
    case DType::kI8:
      return unpack(int8_t(), c.int_contents(), C::kIntContentsFieldNumber);
    case DType::kI16:
      return unpack(int16_t(), c.int_contents(), C::kIntContentsFieldNumber);
    case DType::kI32:
      return unpack(int32_t(), c.int_contents(), C::kIntContentsFieldNumber);
    case DType::kI64:
      return unpack(int64_t(), c.int64_contents(),
                    C::kInt64ContentsFieldNumber);
    case DType::kU8:
      return unpack(uint8_t(), c.uint_contents(), C::kUintContentsFieldNumber);
    case DType::kU16:
      return unpack(uint16_t(), c.uint_contents(), C::kUintContentsFieldNumber);
    case DType::kU32:
      return unpack(uint32_t(), c.uint_contents(), C::kUintContentsFieldNumber);
    case DType::kU64:
      return unpack(uint64_t(), c.uint64_contents(),
                    C::kUint64ContentsFieldNumber);
    case DType::kF32:
      return unpack(float(), c.fp32_contents(), C::kFp32ContentsFieldNumber);
    case DType::kF64:
      return unpack(double(), c.fp64_contents(), C::kFp64ContentsFieldNumber);
    case DType::kF16:
    case DType::kBF16:
      return absl::InvalidArgumentError(
          absl::StrCat(DatatypeName(dtype),
                       " has no typed contents, expected raw_input_contents"));
    default:
      LOG(FATAL) << "no datatype for " << NameOf(dtype);
  }
}

absl::StatusOr<std::vector<std::string>> StringsFromContents(
    const InferTensorContents& contents, int64_t count) {
  RETURN_IF_ERROR(CheckField(contents,
                             InferTensorContents::kBytesContentsFieldNumber,
                             kBytesDatatype));
  RETURN_IF_ERROR(CheckCount(contents.bytes_contents_size(), count));
  const auto& strings = contents.bytes_contents();
  return std::vector<std::string>(strings.begin(), strings.end());
}

DType TensorToContents(const HostTensor& tensor,
                       InferTensorContents* contents) {
  const auto pack = [&tensor](auto element, auto* field) {
    const auto elements = tensor.as<decltype(element)>();
    field->Reserve(static_cast<int>(elements.size()));
    for (const auto value : elements) field->AddAlreadyReserved(value);
    return tensor.dtype;
  };
  const auto widen = [&tensor, contents](float (*to_float)(uint16_t)) {
    for (const uint16_t bits : tensor.as<uint16_t>()) {
      contents->add_fp32_contents(to_float(bits));
    }
    return DType::kF32;
  };
  switch (tensor.dtype) {
    case DType::kBool:
      return pack(bool(), contents->mutable_bool_contents());
    case DType::kI8:
      return pack(int8_t(), contents->mutable_int_contents());
    case DType::kI16:
      return pack(int16_t(), contents->mutable_int_contents());
    case DType::kI32:
      return pack(int32_t(), contents->mutable_int_contents());
    case DType::kI64:
      return pack(int64_t(), contents->mutable_int64_contents());
    case DType::kU8:
      return pack(uint8_t(), contents->mutable_uint_contents());
    case DType::kU16:
      return pack(uint16_t(), contents->mutable_uint_contents());
    case DType::kU32:
      return pack(uint32_t(), contents->mutable_uint_contents());
    case DType::kU64:
      return pack(uint64_t(), contents->mutable_uint64_contents());
    case DType::kF32:
      return pack(float(), contents->mutable_fp32_contents());
    case DType::kF64:
      return pack(double(), contents->mutable_fp64_contents());
    case DType::kF16:
      return widen(FromFloat16);
    case DType::kBF16:
      return widen(FromBFloat16);
    default:
      LOG(FATAL) << "no datatype for " << NameOf(tensor.dtype);
  }
}

}  // namespace transformerd
