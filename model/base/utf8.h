// Is it text?
#pragma once

#include <cstddef>
#include <optional>

#include "absl/strings/string_view.h"

namespace transformerd {

// The bytes of the character at the start of `text`; none where no well-formed
// one is there: cut off, overlong, a surrogate, above U+10FFFF. `text` must not
// be empty.
absl::string_view FirstCharacter(absl::string_view text);

// The place of the first byte that belongs to no character; nothing where all
// of `text` is UTF-8.
std::optional<size_t> FindNonUtf8(absl::string_view text);

inline bool IsUtf8(absl::string_view text) {
  return !FindNonUtf8(text).has_value();
}

}  // namespace transformerd
