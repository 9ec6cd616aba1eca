#include "model/checkpoint/checkpoint.h"

#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/safetensors_bytes.h"
#include "tests/fakes/temporary_folder.h"
#include "tests/fakes/torch_bytes.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::HasSubstr;

std::string FileWith(const std::string& key) {
  return SafetensorsBytes({{key, HostTensor(DType::kF32, {1})}});
}

const HostTensor kTensor(DType::kF32, {1});

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

TEST_F(CheckpointTest, ReadsPickles) {
  folder_.Write("pytorch_model.bin.index.json",
                R"({"weight_map": {"sharded": "1.bin"}})");
  folder_.Write("1.bin", TorchZipBytes({{"sharded", kTensor}}));
  ASSERT_OK_AND_ASSIGN(auto reader, OpenCheckpoint(folder_.path()));
  EXPECT_EQ(reader->entries().front().key, "sharded");

  folder_.Write("pytorch_model.bin", TorchLegacyBytes({{"legacy", kTensor}}));
  ASSERT_OK_AND_ASSIGN(reader, OpenCheckpoint(folder_.path()));
  EXPECT_EQ(reader->entries().front().key, "legacy");

  folder_.Write("pytorch_model.bin", TorchZipBytes({{"zip", kTensor}}));
  ASSERT_OK_AND_ASSIGN(reader, OpenCheckpoint(folder_.path()));
  EXPECT_EQ(reader->entries().front().key, "zip");
}

TEST_F(CheckpointTest, ShardsMayBeOfDifferentFormats) {
  folder_.Write("model.safetensors.index.json",
                R"({"weight_map": {"a": "1.safetensors", "b": "2.bin"}})");
  folder_.Write("1.safetensors", FileWith("a"));
  folder_.Write("2.bin", TorchZipBytes({{"b", kTensor}}));

  ASSERT_OK_AND_ASSIGN(const auto reader, OpenCheckpoint(folder_.path()));

  EXPECT_EQ(reader->entries()[1].key, "b");
  EXPECT_EQ(reader->file_name(1), "2.bin");
}

TEST_F(CheckpointTest, OpensTheFileThatIsNamed) {
  WriteShards();
  folder_.Write("model.safetensors", FileWith("preferred"));
  folder_.Write("other.safetensors", FileWith("other"));
  folder_.Write("other.bin", TorchZipBytes({{"pickled", kTensor}}));
  folder_.Write("step-100", TorchLegacyBytes({{"step", kTensor}}));
  folder_.Write("step-200", FileWith("newer"));
  const std::pair<const char*, const char*> kKeys[] = {
      {"other.safetensors", "other"},
      {"other.bin", "pickled"},
      {"model.safetensors.index.json", "sharded"},
      {"step-100", "step"},
      {"step-200", "newer"},
  };
  for (const auto& [name, key] : kKeys) {
    ASSERT_OK_AND_ASSIGN(const auto reader,
                         OpenCheckpointFile(folder_.path(), name));
    EXPECT_EQ(reader->entries().front().key, key) << name;
  }
}

TEST_F(CheckpointTest, OpensNothingOutsideTheFolder) {
  folder_.Write("outside.safetensors", FileWith("outside"));
  folder_.Write("model/config.json", "{}");
  const std::string directory = folder_.PathOf("model");
  for (absl::string_view name :
       {absl::string_view("../outside.safetensors"), absl::string_view(""),
        absl::string_view(".."), absl::string_view("."),
        absl::string_view(folder_.PathOf("outside.safetensors")),
        absl::string_view("a\0b", 3)}) {
    EXPECT_THAT(OpenCheckpointFile(directory, name),
                HasReason(Reason::kPathEscape))
        << name;
  }
}

TEST_F(CheckpointTest, SaysWhatIsWrongWithTheFileThatIsNamed) {
  folder_.Write("notes.txt", "these are no weights at all");
  folder_.Write("folder/x", "");

  EXPECT_THAT(OpenCheckpointFile(folder_.path(), "absent.safetensors"),
              HasReason(Reason::kWeightsNotFound));
  EXPECT_THAT(OpenCheckpointFile(folder_.path(), "absent"),
              HasReason(Reason::kWeightsNotFound));
  EXPECT_THAT(OpenCheckpointFile(folder_.path(), "folder"),
              HasReason(Reason::kWeightsNotFound));
  EXPECT_THAT(OpenCheckpointFile(folder_.path(), "absent.json"),
              HasReason(Reason::kIndexInvalid));
  EXPECT_THAT(OpenCheckpointFile(folder_.path(), "notes.txt"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("notes.txt: is neither a safetensors file")));
}

TEST_F(CheckpointTest, SaysWhatItLookedFor) {
  folder_.Write("config.json", "{}");

  const auto reader = OpenCheckpoint(folder_.path());

  EXPECT_THAT(reader, HasReason(Reason::kWeightsNotFound));
  EXPECT_THAT(reader, StatusIs(absl::StatusCode::kFailedPrecondition,
                               HasSubstr("expected model.safetensors or "
                                         "model.safetensors.index.json or "
                                         "pytorch_model.bin or")));
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

}  // namespace
}  // namespace transformerd
