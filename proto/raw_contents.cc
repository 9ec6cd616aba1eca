#include "proto/raw_contents.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "model/base/status_macros.h"
#include "proto/datatype.h"

namespace transformerd {
namespace {

// The tensor's bytes are taken as they are on the wire.
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);

constexpr size_t kLengthBytes = 4;

// Any other value in a bool is undefined behaviour further on.
absl::Status CheckBools(absl::string_view raw) {
  for (size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != 0 && raw[i] != 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("element ", i, " is the byte ",
                       static_cast<unsigned char>(raw[i]), ", not 0 or 1"));
    }
  }
  return absl::OkStatus();
}

uint32_t LoadLength(absl::string_view raw) {
  uint32_t length = 0;
  for (size_t i = kLengthBytes; i > 0; --i) {
    length = length << 8 | static_cast<unsigned char>(raw[i - 1]);
  }
  return length;
}

}  // namespace

absl::StatusOr<HostTensor> TensorFromRaw(absl::string_view raw, DType dtype,
                                         Shape shape) {
  const std::optional<int64_t> expected = SizeBytes(dtype, shape);
  if (expected != static_cast<int64_t>(raw.size())) {
    return absl::InvalidArgumentError(absl::StrCat(
        "raw contents of ", raw.size(), " bytes, expected ",
        expected.has_value() ? absl::StrCat(*expected)
                             : "more than int64 holds",
        " for ", DatatypeName(dtype), " of shape ", ToString(shape)));
  }
  if (dtype == DType::kBool) {
    RETURN_IF_ERROR(CheckBools(raw));
  }
  HostTensor tensor;
  tensor.dtype = dtype;
  tensor.shape = std::move(shape);
  tensor.bytes = std::string(raw);
  return tensor;
}

absl::StatusOr<std::vector<std::string>> StringsFromRaw(absl::string_view raw,
                                                        int64_t count) {
  // Before memory is set aside for them.
  if (count > static_cast<int64_t>(raw.size() / kLengthBytes)) {
    return absl::InvalidArgumentError(
        absl::StrCat("raw contents of ", raw.size(),
                     " bytes, too few for the lengths of ", count, " strings"));
  }
  std::vector<std::string> strings;
  strings.reserve(count);
  for (int64_t i = 0; i < count; ++i) {
    if (raw.size() < kLengthBytes) {
      return absl::InvalidArgumentError(
          absl::StrCat("string ", i, " of ", count, ": ", raw.size(),
                       " bytes left, expected a length of ", kLengthBytes));
    }
    const uint32_t length = LoadLength(raw);
    raw.remove_prefix(kLengthBytes);
    if (length > raw.size()) {
      return absl::InvalidArgumentError(
          absl::StrCat("string ", i, " of ", count, ": ", raw.size(),
                       " bytes left, expected ", length));
    }
    strings.emplace_back(raw.substr(0, length));
    raw.remove_prefix(length);
  }
  if (!raw.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(raw.size(), " bytes left over after ", count, " strings"));
  }
  return strings;
}

}  // namespace transformerd
