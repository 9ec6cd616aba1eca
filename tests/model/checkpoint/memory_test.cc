#include "model/checkpoint/memory.h"

#include <cstddef>
#include <string>

#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;

absl::Span<std::byte> BytesOf(std::string& buffer) {
  return absl::MakeSpan(reinterpret_cast<std::byte*>(buffer.data()),
                        buffer.size());
}

class MemoryCheckpointTest : public testing::Test {
 protected:
  MemoryCheckpointTest() {
    checkpoint_.Add("a", MakeTensor({2}, absl::Span<const float>({1, 2})));
    checkpoint_.Add("b", MakeTensor({1}, absl::Span<const int64_t>({3})));
  }

  MemoryCheckpoint checkpoint_;
};

TEST_F(MemoryCheckpointTest, ReadsAcrossTensors) {
  std::string first(12, '\0'), second(4, '\0');

  EXPECT_THAT(checkpoint_.Read(0, 0, {BytesOf(first), BytesOf(second)}),
              IsOk());

  const float floats[] = {1, 2};
  EXPECT_EQ(first.substr(0, 8),
            std::string(reinterpret_cast<const char*>(floats), 8));
  EXPECT_EQ(first[8], 3);
  EXPECT_EQ(checkpoint_.bytes_read(), 16);
}

TEST_F(MemoryCheckpointTest, ARemovedTensorLeavesTheOthersInPlace) {
  checkpoint_.Remove("a");

  EXPECT_THAT(checkpoint_.entries(),
              ElementsAre(Field(&CheckpointEntry::key, "b")));
  EXPECT_EQ(checkpoint_.entries()[0].offset_bytes, 8);
}

TEST_F(MemoryCheckpointTest, EndsLikeAFile) {
  std::string buffer(9, '\0');

  EXPECT_THAT(checkpoint_.Read(0, 8, {BytesOf(buffer)}),
              HasReason(Reason::kTruncated));
}

using MemoryCheckpointDeathTest = MemoryCheckpointTest;

TEST_F(MemoryCheckpointDeathTest, ChecksKeys) {
  EXPECT_DEATH(checkpoint_.Add("a", HostTensor()), "there already");
  EXPECT_DEATH(checkpoint_.Remove("c"), "not there");
}

}  // namespace
}  // namespace transformerd
