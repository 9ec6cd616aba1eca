// Element types of tensors: all 22 that a safetensors file can hold.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"

namespace transformerd {

enum class DType : uint8_t {
  kBool,
  kF4,
  kF6E2M3,
  kF6E3M2,
  kU8,
  kI8,
  kF8E5M2,
  kF8E4M3,
  kF8E8M0,
  kF8E4M3FNUZ,
  kF8E5M2FNUZ,
  kI16,
  kU16,
  kF16,
  kBF16,
  kI32,
  kU32,
  kF32,
  kC64,
  kF64,
  kI64,
  kU64,
};

// Size of one element in bits (4, 6, 8, ... 64).
int BitsOf(DType dtype);

// Size of one element in bytes. The dtype must not be a sub-byte one (CHECK).
int64_t BytesOf(DType dtype);

// True for real floating-point types, the only ones a parameter may have.
bool IsFloatingPoint(DType dtype);

// The name in a safetensors header, such as "F32" or "F8_E4M3".
absl::string_view NameOf(DType dtype);

// The reverse of NameOf; nothing for an unknown name.
std::optional<DType> DTypeFromName(absl::string_view name);

}  // namespace transformerd
