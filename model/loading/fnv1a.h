// A hash that is the same in every process and on every machine.
#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"

namespace transformerd {

inline constexpr uint64_t kFnv1aStart = 0xcbf29ce484222325;

// FNV-1a (Fowler, Noll, Vo), 64 bits. Pass the result of one call as `hash` of
// the next to hash a sequence.
constexpr uint64_t Fnv1a(absl::string_view text, uint64_t hash = kFnv1aStart) {
  for (char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  return hash;
}

}  // namespace transformerd
