// The index of a checkpoint that is cut into shards.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace transformerd {

constexpr int64_t kMaxShards = 4096;

// Which file holds which tensor, as model.safetensors.index.json says.
struct ShardIndex {
  // (key, index into `shards`), sorted; keys are unique.
  std::vector<std::pair<std::string, int>> keys;
  // Plain file names, sorted and unique; at least one.
  std::vector<std::string> shards;
};

// Parses the text of an index. Pure. Errors are LoadErrors without a file name:
// INDEX_INVALID, DUPLICATE_NAME for a key that is listed twice, PATH_ESCAPE for
// a shard that is no plain file name.
absl::StatusOr<ShardIndex> ParseShardIndex(absl::string_view text);

}  // namespace transformerd
