#include "model/checkpoint/joined.h"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/checkpoint/memory.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;

std::unique_ptr<MemoryCheckpoint> Holding(
    const std::vector<std::pair<std::string, int64_t>>& values) {
  auto checkpoint = std::make_unique<MemoryCheckpoint>();
  for (const auto& [key, value] : values) {
    checkpoint->Add(key, MakeTensor({1}, absl::Span<const int64_t>({value})));
  }
  return checkpoint;
}

// Two that have a key in common, and one without any between them.
JoinedCheckpoint MakeJoined() {
  std::vector<NamedCheckpoint> checkpoints;
  checkpoints.push_back({"a", Holding({{"x", 1}, {"y", 2}})});
  checkpoints.push_back({"none", Holding({})});
  checkpoints.push_back({"b", Holding({{"x", 3}})});
  return JoinedCheckpoint(std::move(checkpoints));
}

TEST(JoinedCheckpointTest, ListsAllEntriesApart) {
  const JoinedCheckpoint joined = MakeJoined();
  const auto entry = [](const char* key, int file) {
    return AllOf(Field(&CheckpointEntry::key, key),
                 Field(&CheckpointEntry::file, file));
  };
  EXPECT_THAT(joined.entries(),
              ElementsAre(entry("a/x", 0), entry("a/y", 0), entry("b/x", 1)));
  EXPECT_EQ(joined.first_entry(0), 0);
  EXPECT_EQ(joined.first_entry(2), 2);
  EXPECT_THAT(joined.checkpoint(2).entries(),
              ElementsAre(Field(&CheckpointEntry::key, "x")));
}

TEST(JoinedCheckpointTest, ReadsFromTheFileThatAnEntryIsIn) {
  const JoinedCheckpoint joined = MakeJoined();
  for (size_t i = 0; i < joined.entries().size(); ++i) {
    const CheckpointEntry& entry = joined.entries()[i];
    int64_t value = 0;
    const auto bytes =
        absl::MakeSpan(reinterpret_cast<std::byte*>(&value), sizeof(value));
    ASSERT_THAT(joined.Read(entry.file, entry.offset_bytes, {bytes}), IsOk());
    EXPECT_EQ(value, static_cast<int64_t>(i) + 1);
  }
  EXPECT_THAT(joined.CheckUnchanged(), IsOk());
}

TEST(JoinedCheckpointTest, MessagesNameTheCheckpoint) {
  const JoinedCheckpoint joined = MakeJoined();
  std::byte byte{};
  EXPECT_THAT(joined.Read(1, 8, {absl::MakeSpan(&byte, 1)}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("b:")));
  EXPECT_THAT(joined.file_name(1), testing::StartsWith("b/"));
  EXPECT_THAT(joined.file_name(0), testing::StartsWith("a/"));
}

}  // namespace
}  // namespace transformerd
