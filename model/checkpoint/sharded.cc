#include "model/checkpoint/sharded.h"

#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "glog/logging.h"
#include "model/base/error_details.h"
#include "model/base/quoted.h"
#include "model/base/regular_file.h"
#include "model/base/status_macros.h"
#include "model/checkpoint/shard_index.h"
#include "model/checkpoint/weights_file.h"

namespace transformerd {
namespace {

// Several times that of the largest models on the hub.
constexpr int64_t kMaxIndexBytes = 64 << 20;

using Shards = std::vector<std::unique_ptr<CheckpointReader>>;

class ShardedReader : public CheckpointReader {
 public:
  explicit ShardedReader(Shards shards) : shards_(std::move(shards)) {
    for (size_t i = 0; i < shards_.size(); ++i) {
      for (CheckpointEntry entry : shards_[i]->entries()) {
        entry.file = static_cast<int>(i);
        entries_.push_back(std::move(entry));
      }
    }
  }

  const std::vector<CheckpointEntry>& entries() const override {
    return entries_;
  }

  std::string file_name(int file) const override {
    return shard(file).file_name(0);
  }

  absl::Status Read(
      int file, int64_t offset_bytes,
      absl::Span<const absl::Span<std::byte>> buffers) const override {
    return shard(file).Read(0, offset_bytes, buffers);
  }

  absl::Status CheckUnchanged() const override {
    for (const auto& shard : shards_) RETURN_IF_ERROR(shard->CheckUnchanged());
    return absl::OkStatus();
  }

 private:
  const CheckpointReader& shard(int file) const {
    CHECK(file >= 0 && file < static_cast<int>(shards_.size())) << file;
    return *shards_[file];
  }

  const Shards shards_;
  std::vector<CheckpointEntry> entries_;
};

absl::StatusOr<ShardIndex> ReadIndex(const std::string& path) {
  absl::StatusOr<std::string> text = ReadRegularFile(path, kMaxIndexBytes);
  if (!text.ok()) {
    return LoadError(Reason::kIndexInvalid, text.status().message());
  }
  return ParseShardIndex(*text);
}

absl::StatusOr<Shards> OpenShards(const std::string& directory,
                                  const std::vector<std::string>& names) {
  Shards shards;
  for (const std::string& name : names) {
    absl::StatusOr<std::unique_ptr<CheckpointReader>> shard =
        OpenWeightsFile(absl::StrCat(directory, "/", name));
    if (!shard.ok() &&
        ReasonOf(shard.status()) == NameOf(Reason::kWeightsNotFound)) {
      return WithReason(shard.status(), Reason::kShardNotFound);
    }
    if (!shard.ok()) return shard.status();
    shards.push_back(*std::move(shard));
  }
  return shards;
}

// Key -> the shard that holds it.
absl::StatusOr<absl::flat_hash_map<absl::string_view, int>> FindKeys(
    const Shards& shards) {
  absl::flat_hash_map<absl::string_view, int> files;
  for (int i = 0; i < static_cast<int>(shards.size()); ++i) {
    for (const CheckpointEntry& entry : shards[i]->entries()) {
      const auto [found, inserted] = files.emplace(entry.key, i);
      if (inserted) continue;
      return LoadError(
          Reason::kDuplicateName,
          absl::StrCat("tensor ", Quoted(entry.key), " is in both ",
                       Quoted(shards[found->second]->file_name(0)), " and ",
                       Quoted(shards[i]->file_name(0))));
    }
  }
  return files;
}

absl::Status CheckIndex(const ShardIndex& index, const Shards& shards) {
  ASSIGN_OR_RETURN(const auto files, FindKeys(shards));
  for (const auto& [key, shard] : index.keys) {
    const auto found = files.find(key);
    if (found != files.end() && found->second == shard) continue;
    return LoadError(
        Reason::kIndexMismatch,
        absl::StrCat("lists tensor ", Quoted(key), " in ",
                     Quoted(index.shards[shard]), ", which does not hold it"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<CheckpointReader>> OpenSharded(
    const std::string& directory, const std::string& index_name) {
  const absl::StatusOr<ShardIndex> index =
      ReadIndex(absl::StrCat(directory, "/", index_name));
  if (!index.ok()) return Annotate(index.status(), index_name);
  ASSIGN_OR_RETURN(Shards shards, OpenShards(directory, index->shards));
  RETURN_IF_ERROR(Annotate(CheckIndex(*index, shards), index_name));
  return std::make_unique<ShardedReader>(std::move(shards));
}

}  // namespace transformerd
