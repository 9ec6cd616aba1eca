#include "model/checkpoint/shard_index.h"

#include <algorithm>
#include <cstddef>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "model/base/error_details.h"
#include "model/base/json_text.h"
#include "model/base/quoted.h"
#include "model/base/regular_file.h"
#include "model/base/status_macros.h"
#include "model/checkpoint/json_handler.h"

namespace transformerd {
namespace {

using KeyAndShard = std::pair<std::string, std::string>;

// Collects weight_map and passes over everything beside it.
class IndexHandler : public JsonHandler {
 public:
  IndexHandler() : JsonHandler(Reason::kIndexInvalid) {}

  bool has_map() const { return has_map_; }
  std::vector<KeyAndShard> TakeMap() { return std::move(map_); }

  bool null() override { return Pass("null"); }
  bool boolean(bool) override { return Pass("a bool"); }
  bool number_integer(number_integer_t) override { return Pass("a number"); }
  bool number_unsigned(number_unsigned_t) override { return Pass("a number"); }
  bool number_float(number_float_t, const string_t&) override {
    return Pass("a number");
  }
  bool start_array(std::size_t) override { return Descend("a list"); }
  bool end_array() override { return Ascend(); }

  bool string(string_t& value) override {
    if (!in_map_) return Pass("a string");
    map_.back().second = value;
    return true;
  }

  bool start_object(std::size_t) override {
    if (depth_ == 0 || (at_map_ && !in_map_)) {
      in_map_ = at_map_;
      ++depth_;
      return true;
    }
    return Descend("an object");
  }

  bool key(string_t& name) override {
    if (in_map_) {
      map_.emplace_back(name, "");
    } else if (depth_ == 1) {
      at_map_ = name == "weight_map";
      if (at_map_ && std::exchange(has_map_, true)) {
        return Unexpected("another weight_map");
      }
    }
    return true;
  }

  bool end_object() override { return Ascend(); }

 private:
  // A value: anything but weight_map and its members may be any.
  bool Pass(absl::string_view found) {
    return at_map_ || depth_ == 0 ? Unexpected(found) : true;
  }
  bool Descend(absl::string_view found) {
    if (depth_ == kMaxJsonDepth) return Unexpected("another level of nesting");
    ++depth_;
    return at_map_ || depth_ == 1 ? Unexpected(found) : true;
  }
  bool Ascend() {
    --depth_;
    if (depth_ == 1) at_map_ = in_map_ = false;
    return true;
  }

  std::string Expected() const override {
    return "an object with one object weight_map of strings";
  }

  int depth_ = 0;
  bool at_map_ = false;  // behind "weight_map":, or inside it
  bool in_map_ = false;
  bool has_map_ = false;
  std::vector<KeyAndShard> map_;
};

absl::Status CheckNames(const std::vector<KeyAndShard>& map) {
  for (const auto& [key, shard] : map) {
    if (!IsFileName(shard)) {
      return LoadError(Reason::kPathEscape,
                       absl::StrCat("shard ", Quoted(shard), " of tensor ",
                                    Quoted(key), ", expected a file name"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckUnique(const std::vector<KeyAndShard>& sorted) {
  const auto twice = std::adjacent_find(
      sorted.begin(), sorted.end(),
      [](const auto& a, const auto& b) { return a.first == b.first; });
  if (twice == sorted.end()) return absl::OkStatus();
  return LoadError(
      Reason::kDuplicateName,
      absl::StrCat("tensor ", Quoted(twice->first), " is listed twice"));
}

std::vector<std::string> DistinctShards(const std::vector<KeyAndShard>& map) {
  std::vector<std::string> shards;
  for (const auto& [key, shard] : map) shards.push_back(shard);
  std::sort(shards.begin(), shards.end());
  shards.erase(std::unique(shards.begin(), shards.end()), shards.end());
  return shards;
}

}  // namespace

absl::StatusOr<ShardIndex> ParseShardIndex(absl::string_view text) {
  IndexHandler handler;
  if (!ParseJsonEvents(text, handler)) return handler.status();
  std::vector<KeyAndShard> map = handler.TakeMap();
  if (map.empty()) {
    return LoadError(Reason::kIndexInvalid, handler.has_map()
                                                ? "weight_map is empty"
                                                : "weight_map is absent");
  }
  RETURN_IF_ERROR(CheckNames(map));
  std::sort(map.begin(), map.end());
  RETURN_IF_ERROR(CheckUnique(map));
  ShardIndex index;
  index.shards = DistinctShards(map);
  if (index.shards.size() > kMaxShards) {
    return LoadError(Reason::kResourceLimit,
                     absl::StrCat("names ", index.shards.size(),
                                  " shards, expected at most ", kMaxShards));
  }
  index.keys.reserve(map.size());
  for (auto& [key, shard] : map) {
    const auto position =
        std::lower_bound(index.shards.begin(), index.shards.end(), shard);
    index.keys.emplace_back(std::move(key),
                            std::distance(index.shards.begin(), position));
  }
  return index;
}

}  // namespace transformerd
