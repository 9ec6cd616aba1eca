// How token vectors become one sentence vector.
#pragma once

#include <optional>

#include "absl/strings/string_view.h"

namespace transformerd {

enum class PoolingKind {
  kNone,  // no sentence_embedding
  kMean,  // mean over tokens under mask 1
  kCls,   // the first token
  kLast,  // the last token under mask 1
};

// "none", "mean", "cls", "last".
absl::string_view NameOf(PoolingKind kind);
std::optional<PoolingKind> PoolingKindFromName(absl::string_view name);

}  // namespace transformerd
