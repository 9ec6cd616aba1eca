#include "client/datatype.h"

namespace transformerd {
namespace {

struct Datatype {
  DType dtype;
  absl::string_view name;
};

constexpr Datatype kDatatypes[] = {
    {DType::kBool, "BOOL"},  {DType::kU8, "UINT8"},   {DType::kU16, "UINT16"},
    {DType::kU32, "UINT32"}, {DType::kU64, "UINT64"}, {DType::kI8, "INT8"},
    {DType::kI16, "INT16"},  {DType::kI32, "INT32"},  {DType::kI64, "INT64"},
    {DType::kF16, "FP16"},   {DType::kBF16, "BF16"},  {DType::kF32, "FP32"},
    {DType::kF64, "FP64"},
};

}  // namespace

std::optional<absl::string_view> DatatypeOf(DType dtype) {
  for (const Datatype& datatype : kDatatypes) {
    if (datatype.dtype == dtype) return datatype.name;
  }
  return std::nullopt;
}

std::optional<DType> DTypeFromDatatype(absl::string_view name) {
  for (const Datatype& datatype : kDatatypes) {
    if (datatype.name == name) return datatype.dtype;
  }
  return std::nullopt;
}

}  // namespace transformerd
