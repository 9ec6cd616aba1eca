#include "proto/datatype.h"

namespace transformerd {
namespace {

struct NamedDType {
  DType dtype;
  absl::string_view name;
};

constexpr NamedDType kNames[] = {
    {DType::kBool, "BOOL"},  {DType::kU8, "UINT8"},   {DType::kU16, "UINT16"},
    {DType::kU32, "UINT32"}, {DType::kU64, "UINT64"}, {DType::kI8, "INT8"},
    {DType::kI16, "INT16"},  {DType::kI32, "INT32"},  {DType::kI64, "INT64"},
    {DType::kF16, "FP16"},   {DType::kF32, "FP32"},   {DType::kF64, "FP64"},
    {DType::kBF16, "BF16"},
};

}  // namespace

absl::string_view DatatypeName(DType dtype) {
  for (const NamedDType& known : kNames) {
    if (known.dtype == dtype) return known.name;
  }
  return "";
}

std::optional<DType> DTypeFromDatatype(absl::string_view datatype) {
  for (const NamedDType& known : kNames) {
    if (known.name == datatype) return known.dtype;
  }
  return std::nullopt;
}

}  // namespace transformerd
