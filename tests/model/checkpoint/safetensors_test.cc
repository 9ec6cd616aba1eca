#include "model/checkpoint/safetensors.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
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

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

absl::Span<std::byte> BytesOf(std::string& buffer) {
  return absl::MakeSpan(reinterpret_cast<std::byte*>(buffer.data()),
                        buffer.size());
}

HostTensor Floats(int64_t count, float first) {
  HostTensor tensor(DType::kF32, {count});
  for (int64_t i = 0; i < count; ++i) tensor.as<float>()[i] = first + i;
  return tensor;
}

class SafetensorsTest : public testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<CheckpointReader>> Open(
      absl::string_view content) {
    return OpenSafetensors(folder_.Write("model.safetensors", content));
  }

  TemporaryFolder folder_;
};

TEST_F(SafetensorsTest, ReadsTheBytesOfATensor) {
  const HostTensor a = Floats(3, 1), b = Floats(5, 10);
  ASSERT_OK_AND_ASSIGN(const auto reader,
                       Open(SafetensorsBytes({{"a", a}, {"b", b}})));
  ASSERT_THAT(reader->entries(), SizeIs(2));
  const CheckpointEntry& entry = reader->entries()[1];

  std::string buffer(entry.size_bytes, '\0');
  EXPECT_THAT(reader->Read(0, entry.offset_bytes, {BytesOf(buffer)}), IsOk());

  EXPECT_EQ(entry.key, "b");
  EXPECT_EQ(buffer, b.bytes);
  EXPECT_EQ(reader->file_name(0), "model.safetensors");
}

TEST_F(SafetensorsTest, ListsAndReadsEveryDType) {
  std::vector<std::pair<std::string, HostTensor>> tensors;
  for (int i = 0; i <= static_cast<int>(DType::kU64); ++i) {
    const auto dtype = static_cast<DType>(i);
    // Eight elements fill whole bytes of every dtype.
    HostTensor tensor(dtype, {2, 4});
    for (char& byte : tensor.bytes) byte = static_cast<char>(i + 1);
    tensors.emplace_back(std::string(NameOf(dtype)), std::move(tensor));
  }
  ASSERT_OK_AND_ASSIGN(const auto reader, Open(SafetensorsBytes(tensors)));

  ASSERT_THAT(reader->entries(), SizeIs(22));
  for (size_t i = 0; i < tensors.size(); ++i) {
    const CheckpointEntry& entry = reader->entries()[i];
    EXPECT_EQ(entry.key, tensors[i].first);
    EXPECT_EQ(entry.dtype, tensors[i].second.dtype);
    std::string buffer(entry.size_bytes, '\0');
    EXPECT_THAT(reader->Read(0, entry.offset_bytes, {BytesOf(buffer)}), IsOk());
    EXPECT_EQ(buffer, tensors[i].second.bytes);
  }
}

TEST_F(SafetensorsTest, ScattersOneReadOverManyBuffers) {
  // More buffers than one system call takes, some of them empty.
  const HostTensor tensor = Floats(3000, 0);
  ASSERT_OK_AND_ASSIGN(const auto reader,
                       Open(SafetensorsBytes({{"a", tensor}})));
  std::vector<std::string> parts(6000);
  std::vector<absl::Span<std::byte>> buffers;
  for (size_t i = 0; i < parts.size(); ++i) {
    parts[i].resize(i % 2 == 0 ? 4 : 0);
    buffers.push_back(BytesOf(parts[i]));
  }

  EXPECT_THAT(reader->Read(0, reader->entries()[0].offset_bytes, buffers),
              IsOk());

  std::string joined;
  for (const std::string& part : parts) joined += part;
  EXPECT_EQ(joined, tensor.bytes);
}

TEST_F(SafetensorsTest, ReadsFromSeveralThreadsAtOnce) {
  const HostTensor tensor = Floats(1000, 7);
  ASSERT_OK_AND_ASSIGN(const auto reader,
                       Open(SafetensorsBytes({{"a", tensor}})));
  std::vector<std::string> buffers(4, std::string(4000, '\0'));
  std::vector<std::thread> threads;
  for (std::string& buffer : buffers) {
    threads.emplace_back([&reader, &buffer] {
      const int64_t offset_bytes = reader->entries()[0].offset_bytes;
      EXPECT_THAT(reader->Read(0, offset_bytes, {BytesOf(buffer)}), IsOk());
    });
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_THAT(buffers, testing::Each(tensor.bytes));
}

TEST_F(SafetensorsTest, AFileThatShrinksIsTruncated) {
  ASSERT_OK_AND_ASSIGN(const auto reader,
                       Open(SafetensorsBytes({{"a", Floats(8, 0)}})));
  const CheckpointEntry& entry = reader->entries()[0];
  const std::string path = folder_.PathOf("model.safetensors");
  ASSERT_EQ(truncate(path.c_str(), entry.offset_bytes + 16), 0);

  std::string buffer(entry.size_bytes, '\0');
  const absl::Status status =
      reader->Read(0, entry.offset_bytes, {BytesOf(buffer)});

  EXPECT_THAT(status, HasReason(Reason::kTruncated));
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition,
                               HasSubstr("model.safetensors: ends at byte")));
}

TEST_F(SafetensorsTest, KeepsAFileThatIsReplaced) {
  const HostTensor old_tensor = Floats(2, 1);
  ASSERT_OK_AND_ASSIGN(const auto reader,
                       Open(SafetensorsBytes({{"a", old_tensor}})));
  std::filesystem::rename(
      folder_.Write("new", SafetensorsBytes({{"a", Floats(2, 9)}})),
      folder_.PathOf("model.safetensors"));

  std::string buffer(8, '\0');
  EXPECT_THAT(
      reader->Read(0, reader->entries()[0].offset_bytes, {BytesOf(buffer)}),
      IsOk());

  EXPECT_EQ(buffer, old_tensor.bytes);
}

TEST_F(SafetensorsTest, FollowsLinks) {
  folder_.Write("blobs/1234", SafetensorsBytes({{"a", Floats(1, 0)}}));
  std::filesystem::create_symlink("blobs/1234", folder_.PathOf("link"));

  EXPECT_THAT(OpenSafetensors(folder_.PathOf("link")), IsOk());
}

TEST_F(SafetensorsTest, RefusesWhatIsNoRegularFile) {
  ASSERT_EQ(mkfifo(folder_.PathOf("fifo").c_str(), 0600), 0);
  std::filesystem::create_directory(folder_.PathOf("folder"));
  std::filesystem::create_symlink("nowhere", folder_.PathOf("dangling"));

  for (const char* name : {"fifo", "folder", "dangling", "absent"}) {
    EXPECT_THAT(OpenSafetensors(folder_.PathOf(name)),
                HasReason(Reason::kWeightsNotFound))
        << name;
  }
  EXPECT_THAT(OpenSafetensors("/dev/zero"),
              HasReason(Reason::kWeightsNotFound));
}

TEST_F(SafetensorsTest, NamesTheFileAndNotItsFolder) {
  const auto reader = Open(SafetensorsBytes("{not json}", ""));

  EXPECT_THAT(reader, HasReason(Reason::kHeaderInvalid));
  EXPECT_THAT(reader, StatusIs(absl::StatusCode::kFailedPrecondition,
                               Not(HasSubstr(folder_.path()))));
  EXPECT_THAT(reader, StatusIs(absl::StatusCode::kFailedPrecondition,
                               "model.safetensors: not valid JSON at byte 3"));
}

TEST_F(SafetensorsTest, EachLayerOfDamageHasItsReason) {
  const std::string good = SafetensorsBytes({{"a", Floats(4, 0)}});

  EXPECT_THAT(Open(""), HasReason(Reason::kTruncated));
  EXPECT_THAT(Open("1234567"), HasReason(Reason::kTruncated));
  EXPECT_THAT(Open(good.substr(0, 20)), HasReason(Reason::kTruncated));
  EXPECT_THAT(Open(good.substr(0, good.size() - 1)),
              HasReason(Reason::kTruncated));
  EXPECT_THAT(Open(good + "x"), HasReason(Reason::kOffsetsInvalid));
  EXPECT_THAT(Open(std::string(16, '\xFF')),
              HasReason(Reason::kHeaderTooLarge));
  EXPECT_THAT(Open(std::string(16, '\0')), HasReason(Reason::kHeaderInvalid));
}

}  // namespace
}  // namespace transformerd
