#include "model/base/quoted.h"

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "model/base/printable.h"

namespace transformerd {

std::string Quoted(absl::string_view name) {
  constexpr size_t kMaxBytes = 200;
  return absl::StrCat("\"", Escaped(name, kMaxBytes), "\"");
}

}  // namespace transformerd
