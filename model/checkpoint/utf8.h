// Is it text?
#pragma once

#include "absl/strings/string_view.h"

namespace transformerd {

// True for well-formed UTF-8: no surrogates, no overlong forms, nothing above
// U+10FFFF.
bool IsUtf8(absl::string_view bytes);

}  // namespace transformerd
