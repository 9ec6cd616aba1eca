#include "model/checkpoint/utf8.h"

#include <cstddef>
#include <cstdint>

namespace transformerd {
namespace {

struct Lead {
  size_t length = 0;  // 0: no character begins with this byte
  uint32_t bits = 0;
  uint32_t smallest = 0;  // what is below has a shorter form
};

Lead LeadOf(unsigned char byte) {
  if (byte < 0x80) return {1, byte, 0};
  if ((byte & 0xE0) == 0xC0) return {2, byte & 0x1Fu, 0x80};
  if ((byte & 0xF0) == 0xE0) return {3, byte & 0x0Fu, 0x800};
  if ((byte & 0xF8) == 0xF0) return {4, byte & 0x07u, 0x10000};
  return {};
}

}  // namespace

bool IsUtf8(absl::string_view bytes) {
  while (!bytes.empty()) {
    const Lead lead = LeadOf(static_cast<unsigned char>(bytes[0]));
    if (lead.length == 0 || lead.length > bytes.size()) return false;
    uint32_t code = lead.bits;
    for (size_t i = 1; i < lead.length; ++i) {
      const auto byte = static_cast<unsigned char>(bytes[i]);
      if ((byte & 0xC0) != 0x80) return false;
      code = code << 6 | (byte & 0x3F);
    }
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    if (code < lead.smallest || code > 0x10FFFF || surrogate) return false;
    bytes.remove_prefix(lead.length);
  }
  return true;
}

}  // namespace transformerd
