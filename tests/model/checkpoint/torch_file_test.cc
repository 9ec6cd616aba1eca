#include "model/checkpoint/torch_file.h"

#include <unistd.h>

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/memory_source.h"
#include "tests/fakes/read_tensor.h"
#include "tests/fakes/temporary_folder.h"
#include "tests/fakes/torch_bytes.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using Entries = std::vector<std::pair<std::string, std::string>>;

// Floats 0, 1, 2...
std::string Floats(int count) {
  HostTensor tensor(DType::kF32, {count});
  for (int i = 0; i < count; ++i) tensor.as<float>()[i] = i;
  return tensor.bytes;
}

absl::StatusOr<std::unique_ptr<CheckpointReader>> Open(std::string bytes) {
  return OpenTorchSource(std::make_unique<MemorySource>(std::move(bytes)),
                         "w.bin");
}

// A zip checkpoint of that state dict, with one storage "0" of 24 floats.
std::string ZipOf(const Entries& state) {
  Entries items;
  for (const auto& [key, value] : state) {
    items.emplace_back(pickle::Text(key), value);
  }
  return Zip64Bytes(
      TorchEntries(pickle::Whole(pickle::Dict(items)), {{"0", Floats(24)}}));
}

const std::string& Storage0() {
  static const auto* const storage =
      new std::string(pickle::Storage("Float", "0", 24));
  return *storage;
}

std::vector<float> Values(const CheckpointReader& reader,
                          const CheckpointEntry& entry) {
  const auto bytes = ReadTensor(reader, entry);
  EXPECT_THAT(bytes, IsOk());
  std::vector<float> values(entry.size_bytes / 4);
  if (bytes.ok()) std::memcpy(values.data(), bytes->data(), bytes->size());
  return values;
}

TEST(TorchFileTest, NoticesThatItsFileHasChanged) {
  TemporaryFolder folder;
  const std::string path = folder.Write(
      "w.bin", TorchZipBytes({{"a", HostTensor(DType::kF32, {2})}}));
  ASSERT_OK_AND_ASSIGN(const auto reader, OpenTorchFile(path));
  ASSERT_THAT(reader->CheckUnchanged(), IsOk());

  ASSERT_EQ(truncate(path.c_str(), 100), 0);

  EXPECT_THAT(reader->CheckUnchanged(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("w.bin: changed from")));
}

TEST(TorchFileTest, ReadsTensorsOfEveryStorageType) {
  std::vector<std::pair<std::string, HostTensor>> tensors;
  for (DType dtype :
       {DType::kBool, DType::kU8, DType::kI8, DType::kI16, DType::kI32,
        DType::kI64, DType::kF16, DType::kBF16, DType::kF32, DType::kF64}) {
    HostTensor tensor(dtype, {2, 3});
    for (size_t i = 0; i < tensor.bytes.size(); ++i) {
      tensor.bytes[i] = static_cast<char>(i % 2);
    }
    tensors.emplace_back(std::string(NameOf(dtype)), tensor);
  }
  tensors.emplace_back("scalar", HostTensor(DType::kF64, {}));
  tensors.emplace_back("empty", HostTensor(DType::kF32, {0, 4}));
  for (const std::string& bytes :
       {TorchZipBytes(tensors), TorchLegacyBytes(tensors)}) {
    ASSERT_OK_AND_ASSIGN(const auto reader, Open(bytes));
    ASSERT_THAT(reader->entries(), SizeIs(tensors.size()));
    EXPECT_EQ(reader->file_name(0), "w.bin");
    int64_t previous = 0;
    for (const CheckpointEntry& entry : reader->entries()) {
      const auto found = std::find_if(
          tensors.begin(), tensors.end(),
          [&entry](const auto& tensor) { return tensor.first == entry.key; });
      ASSERT_NE(found, tensors.end());
      EXPECT_EQ(entry.dtype, found->second.dtype);
      EXPECT_EQ(entry.shape, found->second.shape);
      EXPECT_GE(entry.offset_bytes, previous);
      previous = entry.offset_bytes;
      std::string buffer(entry.size_bytes, '\xAA');
      EXPECT_THAT(reader->Read(0, entry.offset_bytes,
                               {{reinterpret_cast<std::byte*>(buffer.data()),
                                 buffer.size()}}),
                  IsOk());
      EXPECT_EQ(buffer, found->second.bytes) << entry.key;
    }
  }
}

TEST(TorchFileTest, TensorsMayShareAStorage) {
  ASSERT_OK_AND_ASSIGN(
      const auto reader,
      Open(ZipOf({{"all", pickle::Tensor(Storage0(), 0, {24}, {1})},
                  {"rows", pickle::Tensor(Storage0(), 8, {2, 4}, {4, 1})},
                  {"tied", pickle::Tensor(Storage0(), 0, {24}, {1})}})));

  ASSERT_THAT(reader->entries(),
              ElementsAre(Field(&CheckpointEntry::key, "all"),
                          Field(&CheckpointEntry::key, "tied"),
                          Field(&CheckpointEntry::key, "rows")));
  EXPECT_EQ(Values(*reader, reader->entries()[1]),
            Values(*reader, reader->entries()[0]));
  EXPECT_THAT(Values(*reader, reader->entries()[2]),
              ElementsAre(8, 9, 10, 11, 12, 13, 14, 15));
}

TEST(TorchFileTest, ViewsHaveStrides) {
  ASSERT_OK_AND_ASSIGN(
      const auto reader,
      Open(ZipOf({{"expanded", pickle::Tensor(Storage0(), 5, {3}, {0})},
                  {"transposed", pickle::Tensor(Storage0(), 0, {3, 2}, {1, 3})},
                  {"column", pickle::Tensor(Storage0(), 1, {2, 1}, {1, 9})}})));

  ASSERT_THAT(reader->entries(),
              ElementsAre(Field(&CheckpointEntry::key, "transposed"),
                          Field(&CheckpointEntry::key, "column"),
                          Field(&CheckpointEntry::key, "expanded")));
  const CheckpointEntry& transposed = reader->entries()[0];
  EXPECT_THAT(transposed.strides, ElementsAre(1, 3));
  EXPECT_EQ(transposed.size_bytes, 24);
  EXPECT_THAT(Values(*reader, transposed), ElementsAre(0, 3, 1, 4, 2, 5));
  EXPECT_THAT(reader->entries()[1].strides, IsEmpty()) << "it lies in a row";
  EXPECT_THAT(Values(*reader, reader->entries()[1]), ElementsAre(1, 2));
  EXPECT_THAT(reader->entries()[2].strides, ElementsAre(0));
  EXPECT_THAT(Values(*reader, reader->entries()[2]), ElementsAre(5, 5, 5));
}

TEST(TorchFileTest, UnwrapsParametersAndIgnoresMetadata) {
  const std::string tensor = pickle::Tensor(Storage0(), 0, {2}, {1});
  const std::string hooks =
      pickle::Call(pickle::Global("collections", "OrderedDict"), {});
  const std::string parameter =
      pickle::Call(pickle::Global("torch._utils", "_rebuild_parameter"),
                   {tensor, "\x88", hooks});
  ASSERT_OK_AND_ASSIGN(const auto reader,
                       Open(ZipOf({{"p", parameter}, {"_metadata", hooks}})));

  ASSERT_THAT(reader->entries(), SizeIs(1));
  EXPECT_THAT(Values(*reader, reader->entries()[0]), ElementsAre(0, 1));
}

TEST(TorchFileTest, ReadsOlderFormsOfTheSame) {
  const auto sizes = pickle::Tuple({pickle::Int(2)});
  const std::string size =
      pickle::Call(pickle::Global("torch", "Size"), {sizes});
  const std::string tensor = pickle::Call(
      pickle::Global("torch._utils", "_rebuild_tensor"),
      {Storage0(), pickle::Int(1), size, pickle::Tuple({pickle::Int(1)})});
  const std::string pair = absl::StrCat("](", pickle::Text("old"), tensor, "e");
  const std::string dict =
      pickle::Call(pickle::Global("collections", "OrderedDict"),
                   {absl::StrCat("](", pair, "e")});

  ASSERT_OK_AND_ASSIGN(
      const auto reader,
      Open(ZipBytes(TorchEntries(pickle::Whole(dict), {{"0", Floats(24)}}))));

  ASSERT_THAT(reader->entries(), SizeIs(1));
  EXPECT_EQ(reader->entries()[0].key, "old");
  EXPECT_THAT(Values(*reader, reader->entries()[0]), ElementsAre(1, 2));
}

TEST(TorchFileTest, AnEmptyStateDictHasNoEntries) {
  ASSERT_OK_AND_ASSIGN(const auto reader, Open(ZipOf({})));
  EXPECT_THAT(reader->entries(), IsEmpty());
}

TEST(TorchFileTest, FindsDamagedStoragesWhileTheyAreRead) {
  std::string bytes = ZipOf({{"a", pickle::Tensor(Storage0(), 0, {24}, {1})}});
  const size_t at = bytes.find(Floats(24));
  bytes[at + 50] ^= 1;
  ASSERT_OK_AND_ASSIGN(const auto reader, Open(bytes));
  std::string buffer(96, '\0');
  const absl::Span<std::byte> all(reinterpret_cast<std::byte*>(buffer.data()),
                                  96);
  const int64_t begin = reader->entries()[0].offset_bytes;

  EXPECT_THAT(reader->Read(0, begin, {all.subspan(0, 52)}), IsOk());
  const absl::Status status = reader->Read(0, begin + 52, {all.subspan(52)});

  EXPECT_THAT(status, HasReason(Reason::kZipInvalid));
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition,
                               HasSubstr("w.bin: entry \"archive/data/0\"")));
}

TEST(TorchFileTest, ReadsFilesAndNamesThem) {
  TemporaryFolder folder;
  const std::string path = folder.Write(
      "m.bin", TorchLegacyBytes({{"a", HostTensor(DType::kF32, {8})}}));
  ASSERT_OK_AND_ASSIGN(const auto reader, OpenTorchFile(path));
  EXPECT_EQ(reader->file_name(0), "m.bin");
  const int64_t begin = reader->entries()[0].offset_bytes;
  ASSERT_EQ(truncate(path.c_str(), begin + 16), 0);
  std::byte buffer[32];

  const absl::Status status = reader->Read(0, begin, {absl::MakeSpan(buffer)});

  EXPECT_THAT(status, HasReason(Reason::kTruncated));
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition,
                               HasSubstr("m.bin: ends at byte")));
  EXPECT_THAT(OpenTorchFile(folder.PathOf("absent.bin")),
              HasReason(Reason::kWeightsNotFound));
}

TEST(TorchFileTest, ReadsPicklesOfMoreThanAMegabyteFromLegacyFiles) {
  std::vector<std::pair<std::string, HostTensor>> tensors;
  for (int i = 0; i < 8000; ++i) {
    tensors.emplace_back(absl::StrCat("layer.", i, ".weight"),
                         HostTensor(DType::kF32, {1}));
  }
  const std::string bytes = TorchLegacyBytes(tensors);
  ASSERT_GT(bytes.size(), 1 << 20);

  ASSERT_OK_AND_ASSIGN(const auto reader, Open(bytes));

  EXPECT_THAT(reader->entries(), SizeIs(8000));
}

TEST(TorchFileTest, KnowsTorchFilesByTheirBegin) {
  const std::vector<std::pair<std::string, HostTensor>> none;
  EXPECT_TRUE(IsTorchFile(TorchZipBytes(none)));
  EXPECT_TRUE(IsTorchFile(TorchLegacyBytes(none)));
  EXPECT_FALSE(IsTorchFile(""));
  EXPECT_FALSE(IsTorchFile("\x80\x02}."));
}

}  // namespace
}  // namespace transformerd
