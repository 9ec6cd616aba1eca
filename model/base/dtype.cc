#include "model/base/dtype.h"

#include "glog/logging.h"

namespace transformerd {
namespace {

struct DTypeRow {
  DType dtype;
  absl::string_view name;
  int bits;
  bool floating_point;
};

// In the order of the enum, so that a dtype is an index.
// clang-format off
constexpr DTypeRow kDTypes[] = {
    {DType::kBool,       "BOOL",         8, false},
    {DType::kF4,         "F4",           4, true},
    {DType::kF6E2M3,     "F6_E2M3",      6, true},
    {DType::kF6E3M2,     "F6_E3M2",      6, true},
    {DType::kU8,         "U8",           8, false},
    {DType::kI8,         "I8",           8, false},
    {DType::kF8E5M2,     "F8_E5M2",      8, true},
    {DType::kF8E4M3,     "F8_E4M3",      8, true},
    {DType::kF8E8M0,     "F8_E8M0",      8, true},
    {DType::kF8E4M3FNUZ, "F8_E4M3FNUZ",  8, true},
    {DType::kF8E5M2FNUZ, "F8_E5M2FNUZ",  8, true},
    {DType::kI16,        "I16",         16, false},
    {DType::kU16,        "U16",         16, false},
    {DType::kF16,        "F16",         16, true},
    {DType::kBF16,       "BF16",        16, true},
    {DType::kI32,        "I32",         32, false},
    {DType::kU32,        "U32",         32, false},
    {DType::kF32,        "F32",         32, true},
    {DType::kC64,        "C64",         64, false},
    {DType::kF64,        "F64",         64, true},
    {DType::kI64,        "I64",         64, false},
    {DType::kU64,        "U64",         64, false},
};
// clang-format on

constexpr bool RowsAreInOrder() {
  int index = 0;
  for (const DTypeRow& row : kDTypes) {
    if (static_cast<int>(row.dtype) != index++) return false;
  }
  return true;
}
static_assert(RowsAreInOrder(), "kDTypes must follow the order of DType");

const DTypeRow& RowOf(DType dtype) { return kDTypes[static_cast<int>(dtype)]; }

}  // namespace

int BitsOf(DType dtype) { return RowOf(dtype).bits; }

int64_t BytesOf(DType dtype) {
  const int bits = BitsOf(dtype);
  CHECK_EQ(bits % 8, 0) << NameOf(dtype) << " has no size in whole bytes";
  return bits / 8;
}

bool IsFloatingPoint(DType dtype) { return RowOf(dtype).floating_point; }

absl::string_view NameOf(DType dtype) { return RowOf(dtype).name; }

std::optional<DType> DTypeFromName(absl::string_view name) {
  for (const DTypeRow& row : kDTypes) {
    if (row.name == name) return row.dtype;
  }
  return std::nullopt;
}

}  // namespace transformerd
