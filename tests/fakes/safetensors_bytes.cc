#include "tests/fakes/safetensors_bytes.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace transformerd {

std::string SafetensorsBytes(absl::string_view header,
                             absl::string_view payload) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) {
    bytes += static_cast<char>(uint64_t{header.size()} >> (8 * i));
  }
  return absl::StrCat(bytes, header, payload);
}

std::string SafetensorsBytes(
    const std::vector<std::pair<std::string, HostTensor>>& tensors) {
  std::vector<std::string> members;
  std::string payload;
  for (const auto& [key, tensor] : tensors) {
    const size_t begin = payload.size();
    payload += tensor.bytes;
    members.push_back(
        absl::StrCat("\"", key, "\":{\"dtype\":\"", NameOf(tensor.dtype),
                     "\",\"shape\":", ToString(tensor.shape),
                     ",\"data_offsets\":[", begin, ",", payload.size(), "]}"));
  }
  return SafetensorsBytes(absl::StrCat("{", absl::StrJoin(members, ","), "}"),
                          payload);
}

}  // namespace transformerd
