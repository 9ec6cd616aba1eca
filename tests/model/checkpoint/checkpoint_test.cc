#include "model/checkpoint/checkpoint.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/safetensors_bytes.h"
#include "tests/fakes/temporary_folder.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::HasSubstr;

std::string FileWith(const std::string& key) {
  return SafetensorsBytes({{key, HostTensor(DType::kF32, {1})}});
}

class CheckpointTest : public testing::Test {
 protected:
  void WriteShards() {
    folder_.Write("model.safetensors.index.json",
                  R"({"weight_map": {"sharded": "1.safetensors"}})");
    folder_.Write("1.safetensors", FileWith("sharded"));
  }

  TemporaryFolder folder_;
};

TEST_F(CheckpointTest, PrefersTheSingleFile) {
  WriteShards();
  folder_.Write("model.safetensors", FileWith("single"));
  folder_.Write("pytorch_model.bin", "");

  ASSERT_OK_AND_ASSIGN(const auto reader, OpenCheckpoint(folder_.path()));

  EXPECT_EQ(reader->entries().front().key, "single");
}

TEST_F(CheckpointTest, PrefersShardsToPickles) {
  WriteShards();
  folder_.Write("pytorch_model.bin", "");

  ASSERT_OK_AND_ASSIGN(const auto reader, OpenCheckpoint(folder_.path()));

  EXPECT_EQ(reader->entries().front().key, "sharded");
}

TEST_F(CheckpointTest, ADamagedFileIsNotPassedOver) {
  WriteShards();
  folder_.Write("model.safetensors", "");

  EXPECT_THAT(OpenCheckpoint(folder_.path()), HasReason(Reason::kTruncated));
}

TEST_F(CheckpointTest, SaysThatOnlySafetensorsIsRead) {
  for (const char* name :
       {"pytorch_model.bin.index.json", "pytorch_model.bin"}) {
    folder_.Write(name, "");

    const auto reader = OpenCheckpoint(folder_.path());

    EXPECT_THAT(reader, HasReason(Reason::kUnsupported));
    EXPECT_THAT(reader, StatusIs(absl::StatusCode::kFailedPrecondition,
                                 HasSubstr(name)));
  }
}

TEST_F(CheckpointTest, SaysWhatItLookedFor) {
  folder_.Write("config.json", "{}");

  const auto reader = OpenCheckpoint(folder_.path());

  EXPECT_THAT(reader, HasReason(Reason::kWeightsNotFound));
  EXPECT_THAT(reader, StatusIs(absl::StatusCode::kFailedPrecondition,
                               HasSubstr("expected model.safetensors or")));
  EXPECT_THAT(OpenCheckpoint(folder_.PathOf("absent")),
              HasReason(Reason::kWeightsNotFound));
}

TEST_F(CheckpointTest, OpensTheFileAskedForWhateverElseIsThere) {
  WriteShards();
  folder_.Write("model.safetensors", FileWith("single"));
  folder_.Write("other.safetensors", FileWith("other"));

  ASSERT_OK_AND_ASSIGN(const auto file,
                       OpenCheckpointFile(folder_.path(), "other.safetensors"));
  EXPECT_EQ(file->entries().front().key, "other");

  ASSERT_OK_AND_ASSIGN(
      const auto shards,
      OpenCheckpointFile(folder_.path(), "model.safetensors.index.json"));
  EXPECT_EQ(shards->entries().front().key, "sharded");

  EXPECT_THAT(OpenCheckpointFile(folder_.path(), "absent.safetensors"),
              HasReason(Reason::kWeightsNotFound));
}

TEST_F(CheckpointTest, TakesFileNamesAndNoPaths) {
  folder_.Write("weights.safetensors", FileWith("key"));
  for (const char* name : {"../weights.safetensors", "/weights.safetensors",
                           "./weights.safetensors", "..", "", "config.json"}) {
    const absl::Status status =
        OpenCheckpointFile(folder_.path(), name).status();

    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                                 HasSubstr("weights_path")))
        << name;
    EXPECT_EQ(FieldOf(status), "weights_path");
  }
}

}  // namespace
}  // namespace transformerd
