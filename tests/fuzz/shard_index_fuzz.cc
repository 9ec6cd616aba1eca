// Any bytes as the index of a sharded checkpoint: parsing it neither crashes
// nor refuses without a reason, and no accepted shard leaves the folder.
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "glog/logging.h"
#include "model/base/error_details.h"
#include "model/checkpoint/shard_index.h"

namespace transformerd {
namespace {

void ParseIndex(absl::string_view text) {
  const auto index = ParseShardIndex(text);
  if (!index.ok()) {
    CHECK(ReasonOf(index.status()).has_value()) << index.status();
    return;
  }
  for (const std::string& shard : index->shards) {
    CHECK(!absl::StrContains(shard, '/') && shard != ".." && !shard.empty());
  }
  for (const auto& [key, shard] : index->keys) {
    CHECK(shard >= 0 && shard < static_cast<int>(index->shards.size()));
  }
}

}  // namespace
}  // namespace transformerd

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  transformerd::ParseIndex({reinterpret_cast<const char*>(data), size});
  return 0;
}
