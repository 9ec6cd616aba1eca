#include "model/base/quoted.h"

#include <cstddef>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace transformerd {
namespace {

constexpr size_t kMaxBytes = 200;

bool IsContinuation(char byte) { return (byte & 0xC0) == 0x80; }

}  // namespace

std::string Quoted(absl::string_view name) {
  absl::string_view dots;
  if (name.size() > kMaxBytes) {
    size_t end = kMaxBytes;
    while (end > 0 && IsContinuation(name[end])) --end;
    name = name.substr(0, end);
    dots = "...";
  }
  return absl::StrCat("\"", absl::Utf8SafeCHexEscape(name), dots, "\"");
}

}  // namespace transformerd
