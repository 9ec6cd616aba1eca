#include "model/reference/pass_classes.h"

namespace transformerd {
namespace {

// Reckoned, not measured: launching the 200 kernels of a BERT-base takes the
// host about a millisecond, in which an H200 at half its peak computes some
// 2000 tokens, and a smaller GPU or a larger model fewer.
constexpr int64_t kMostTokens = 1024;
constexpr int64_t kFewestTokens = 8;

}  // namespace

std::optional<PassSize> ClassOf(const PassSize& batch) {
  if (batch.tokens > kMostTokens) return std::nullopt;
  PassSize size = {kFewestTokens, 1};
  while (size.rows < batch.rows) size.rows *= 2;
  while (size.tokens < batch.tokens) size.tokens *= 2;
  const int64_t middle = size.tokens / 4 * 3;
  if (size.tokens > kFewestTokens && middle >= batch.tokens) {
    size.tokens = middle;
  }
  return size;
}

}  // namespace transformerd
