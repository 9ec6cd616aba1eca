#include "model/config/pooling.h"

#include <iterator>

namespace transformerd {
namespace {

// In the order of the enum.
constexpr absl::string_view kNames[] = {"none", "mean", "cls", "last"};

}  // namespace

absl::string_view NameOf(PoolingKind kind) {
  return kNames[static_cast<int>(kind)];
}

std::optional<PoolingKind> PoolingKindFromName(absl::string_view name) {
  for (int i = 0; i < static_cast<int>(std::size(kNames)); ++i) {
    if (kNames[i] == name) return static_cast<PoolingKind>(i);
  }
  return std::nullopt;
}

}  // namespace transformerd
