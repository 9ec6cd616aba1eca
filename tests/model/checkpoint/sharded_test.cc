#include "model/checkpoint/sharded.h"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/safetensors_bytes.h"
#include "tests/fakes/temporary_folder.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kIndex[] = "model.safetensors.index.json";

HostTensor Longs(int64_t value) {
  return MakeTensor({1}, absl::Span<const int64_t>({value}));
}

class ShardedTest : public testing::Test {
 protected:
  ShardedTest() {
    folder_.Write(kIndex, R"({"weight_map": {"a": "1.st", "b": "2.st"}})");
    WriteShard("1.st", {{"a", Longs(1)}});
    WriteShard("2.st", {{"b", Longs(2)}});
  }

  void WriteShard(
      const std::string& name,
      const std::vector<std::pair<std::string, HostTensor>>& tensors) {
    folder_.Write(name, SafetensorsBytes(tensors));
  }

  absl::StatusOr<std::unique_ptr<CheckpointReader>> Open() {
    return OpenSharded(folder_.path(), kIndex);
  }

  static int64_t ReadLong(const CheckpointReader& reader,
                          const CheckpointEntry& entry) {
    int64_t value = 0;
    const absl::Span<std::byte> buffer(reinterpret_cast<std::byte*>(&value),
                                       sizeof(value));
    EXPECT_THAT(reader.Read(entry.file, entry.offset_bytes, {buffer}), IsOk());
    return value;
  }

  TemporaryFolder folder_;
};

TEST_F(ShardedTest, ReadsEachTensorFromItsShard) {
  ASSERT_OK_AND_ASSIGN(const auto reader, Open());
  ASSERT_THAT(reader->entries(),
              ElementsAre(testing::Field(&CheckpointEntry::key, "a"),
                          testing::Field(&CheckpointEntry::key, "b")));

  EXPECT_EQ(ReadLong(*reader, reader->entries()[0]), 1);
  EXPECT_EQ(ReadLong(*reader, reader->entries()[1]), 2);
  EXPECT_EQ(reader->file_name(1), "2.st");
}

TEST_F(ShardedTest, UnlistedTensorsOfAShardAreEntries) {
  WriteShard("2.st", {{"b", Longs(2)}, {"extra", Longs(3)}});

  ASSERT_OK_AND_ASSIGN(const auto reader, Open());

  ASSERT_EQ(reader->entries().size(), 3);
  EXPECT_EQ(reader->entries()[2].key, "extra");
}

TEST_F(ShardedTest, RefusesAnAbsentShard) {
  folder_.Write(kIndex, R"({"weight_map": {"a": "1.st", "b": "3.st"}})");

  const auto reader = Open();

  EXPECT_THAT(reader, HasReason(Reason::kShardNotFound));
  EXPECT_THAT(reader, StatusIs(absl::StatusCode::kFailedPrecondition,
                               HasSubstr("3.st: cannot be opened")));
}

TEST_F(ShardedTest, RefusesAListedTensorThatItsShardDoesNotHold) {
  folder_.Write(kIndex,
                R"({"weight_map": {"a": "1.st", "b": "2.st", "c": "1.st"}})");
  EXPECT_THAT(Open(), HasReason(Reason::kIndexMismatch));

  folder_.Write(kIndex, R"({"weight_map": {"a": "2.st", "b": "1.st"}})");
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kFailedPrecondition,
                               HasSubstr("lists tensor \"a\" in \"2.st\"")));
}

TEST_F(ShardedTest, RefusesAKeyInTwoShards) {
  WriteShard("2.st", {{"b", Longs(2)}, {"a", Longs(3)}});

  const auto reader = Open();

  EXPECT_THAT(reader, HasReason(Reason::kDuplicateName));
  EXPECT_THAT(reader, StatusIs(absl::StatusCode::kFailedPrecondition,
                               HasSubstr("both \"1.st\" and \"2.st\"")));
}

TEST_F(ShardedTest, ReportsDamageToAShardAndToTheIndex) {
  folder_.Write("2.st", "short");
  EXPECT_THAT(Open(), HasReason(Reason::kTruncated));

  folder_.Write(kIndex, "{not");
  EXPECT_THAT(Open(), HasReason(Reason::kIndexInvalid));
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kFailedPrecondition,
                               HasSubstr("model.safetensors.index.json: ")));
}

TEST_F(ShardedTest, NeverOpensAShardOutsideTheFolder) {
  folder_.Write("outside.st", SafetensorsBytes({{"a", Longs(1)}}));
  folder_.Write("inside/index.json",
                R"({"weight_map": {"a": "../outside.st"}})");

  EXPECT_THAT(OpenSharded(folder_.PathOf("inside"), "index.json"),
              HasReason(Reason::kPathEscape));
}

}  // namespace
}  // namespace transformerd
