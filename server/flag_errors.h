// What is said of flags that are wrong.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "model/base/printable.h"

namespace transformerd {

// INVALID_ARGUMENT with the parts as its message, as absl::StrCat takes them.
template <typename... Parts>
absl::Status RefusedFlag(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat(parts...));
}

// What a flag was set to, in quotes.
inline std::string QuotedValue(absl::string_view text) {
  constexpr size_t kMaxBytes = 200;
  return absl::StrCat("'", Escaped(text, kMaxBytes), "'");
}

}  // namespace transformerd
