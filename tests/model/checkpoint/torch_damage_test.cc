// Files of torch.save with one thing wrong in each.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/checkpoint/torch_file.h"
#include "tests/fakes/memory_source.h"
#include "tests/fakes/torch_bytes.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::HasSubstr;

using Entries = std::vector<std::pair<std::string, std::string>>;

struct Damage {
  const char* name;
  std::string bytes;
  Reason reason;
  const char* message;
};

const std::string kSixteen(64, '\0');  // the bytes of 16 floats

std::string Storage() { return pickle::Storage("Float", "0", 16); }

std::string Dict(const std::string& key, const std::string& value) {
  return pickle::Whole(pickle::Dict({{pickle::Text(key), value}}));
}

// A file whose state dict is the pickle, with storage "0" of 16 floats.
std::string Zip(const std::string& pickle) {
  return ZipBytes(TorchEntries(pickle, {{"0", kSixteen}}));
}

std::string ZipOfTensor(const std::string& tensor) {
  return Zip(Dict("a", tensor));
}

std::string Tensor(int64_t offset, absl::Span<const int64_t> shape,
                   absl::Span<const int64_t> strides) {
  return pickle::Tensor(Storage(), offset, shape, strides);
}

std::string PersistentId(std::vector<std::string> items) {
  return absl::StrCat(pickle::Tuple(items), "Q");
}

std::vector<Damage> StateDicts() {
  constexpr Reason kInvalid = Reason::kPickleInvalid;
  const std::string good = Tensor(0, {16}, {1});
  const std::string none = "N";
  return {
      {"List", Zip(pickle::Whole("]")), kInvalid, "holds a list"},
      {"Tensor", Zip(pickle::Whole(good)), kInvalid, "holds a tensor"},
      {"NoPickle", Zip(""), kInvalid, "ends before its STOP"},
      {"NoStop", Zip(std::string("\x80\x02}", 3)), kInvalid, "ends before"},
      {"BytesBehindPickle", Zip(Dict("a", good) + "x"), kInvalid,
       "1 bytes behind the pickle"},
      {"KeyIsInteger", Zip(pickle::Whole(pickle::Dict({{"K\1", good}}))),
       kInvalid, "a key that is an integer"},
      {"ValueIsInteger", Zip(Dict("step", "K\1")), kInvalid,
       "entry \"step\" is an integer"},
      {"ValueIsStorage", Zip(Dict("s", Storage())), kInvalid,
       "entry \"s\" is a storage"},
      {"Nested",
       Zip(Dict("state_dict", pickle::Dict({{pickle::Text("a"), good}}))),
       kInvalid, "entry \"state_dict\" is a dict"},
      {"KeyTwice",
       Zip(pickle::Whole(pickle::Dict(
           {{pickle::Text("a"), good}, {pickle::Text("a"), good}}))),
       Reason::kDuplicateName, "tensor \"a\" is there twice"},
      {"KeyTooLong", Zip(Dict(std::string(1025, 'k'), good)), kInvalid,
       "a tensor name of 1025 bytes"},
  };
}

std::vector<Damage> Tensors() {
  constexpr Reason kInvalid = Reason::kPickleInvalid;
  constexpr Reason kBounds = Reason::kStorageBounds;
  constexpr Reason kShape = Reason::kShapeInvalid;
  constexpr int64_t kMax = INT64_MAX;
  const auto rebuild = [](const std::vector<std::string>& arguments) {
    return ZipOfTensor(pickle::Call(
        pickle::Global("torch._utils", "_rebuild_tensor_v2"), arguments));
  };
  const std::string one = pickle::Tuple({"K\1"}), no_hooks = "}";
  const std::string hooks = pickle::Dict({{"K\1", "K\1"}});
  Entries huge;  // 16 x 2^59 bytes
  for (int i = 0; i < 16; ++i) {
    huge.emplace_back(pickle::Text(absl::StrCat(i)),
                      Tensor(0, {int64_t{1} << 57}, {0}));
  }
  return {
      {"TooLong", ZipOfTensor(Tensor(0, {17}, {1})), kBounds, "leaves storage"},
      {"OffsetTooFar", ZipOfTensor(Tensor(1, {16}, {1})), kBounds, "leaves"},
      {"OffsetNegative", ZipOfTensor(Tensor(-1, {1}, {1})), kBounds, "leaves"},
      {"OffsetHuge", ZipOfTensor(Tensor(kMax, {1}, {1})), kBounds, "leaves"},
      {"ScalarBehindEnd", ZipOfTensor(Tensor(16, {}, {})), kBounds, "leaves"},
      {"EmptyBehindEnd", ZipOfTensor(Tensor(17, {0}, {1})), kBounds, "leaves"},
      {"StrideTooFar", ZipOfTensor(Tensor(0, {2}, {16})), kBounds, "leaves"},
      {"StrideNegative", ZipOfTensor(Tensor(15, {4}, {-1})), kBounds,
       "stride -1"},
      {"StrideHuge", ZipOfTensor(Tensor(0, {3}, {kMax})), kBounds, "leaves"},
      {"StridesOverflowTogether",
       ZipOfTensor(Tensor(0, {2, 2}, {kMax - 1, kMax - 1})), kBounds, "leaves"},
      {"ExtentNegative", ZipOfTensor(Tensor(0, {-1}, {1})), kShape,
       "extent -1"},
      {"ExtentsOverflow",
       ZipOfTensor(Tensor(0, {int64_t{1} << 32, int64_t{1} << 32}, {0, 0})),
       kShape, "no size of 63 bits"},
      {"BytesOverflow", ZipOfTensor(Tensor(0, {int64_t{1} << 62}, {0})), kShape,
       "no size of 63 bits"},
      {"FewerStrides", ZipOfTensor(Tensor(0, {4, 4}, {1})), kShape,
       "with 1 strides"},
      {"NineDimensions",
       ZipOfTensor(
           Tensor(0, {1, 1, 1, 1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1, 1, 1, 1})),
       kShape, "9 dimensions"},
      {"TogetherTooLarge", Zip(pickle::Whole(pickle::Dict(huge))), kShape,
       "together"},
      {"NoArguments", rebuild({}), kInvalid, "_rebuild_tensor_v2"},
      {"NoStorage",
       rebuild({pickle::Int(0), pickle::Int(0), one, one, "\x89", no_hooks}),
       kInvalid, "expected a storage"},
      {"OffsetIsText",
       rebuild({Storage(), pickle::Text("0"), one, one, "\x89", no_hooks}),
       kInvalid, "expected a storage"},
      {"ShapeIsList", rebuild({Storage(), "K\1", "]", one, "\x89", no_hooks}),
       kInvalid, "expected a storage"},
      {"ExtentIsFloat",
       rebuild({Storage(), "K\1", pickle::Tuple({"G12345678"}), one, "\x89",
                no_hooks}),
       kInvalid, "extent that is a float"},
      {"Hooks", rebuild({Storage(), "K\1", one, one, "\x89", hooks}), kInvalid,
       "no hooks"},
      {"Metadata", rebuild({Storage(), "K\1", one, one, "\x89", "}", hooks}),
       kInvalid, "no hooks"},
      {"ParameterOfNone",
       ZipOfTensor(
           pickle::Call(pickle::Global("torch._utils", "_rebuild_parameter"),
                        {"N", "\x88", "}"})),
       kInvalid, "_rebuild_parameter"},
      {"IntegersWithGradient",
       ZipOfTensor(pickle::Call(
           pickle::Global("torch._utils", "_rebuild_tensor_v2"),
           {pickle::Storage("Int", "0", 16), "K\1", one, one, "\x88", "}"})),
       kInvalid, "I32 that requires a gradient"},
      {"IntegersAsParameter",
       ZipOfTensor(pickle::Call(
           pickle::Global("torch._utils", "_rebuild_parameter"),
           {pickle::Tensor(pickle::Storage("Int", "0", 16), 0, {1}, {1}),
            "\x88", "}"})),
       kInvalid, "I32 that requires a gradient"},
      {"OldFormWithHooks",
       ZipOfTensor(
           pickle::Call(pickle::Global("torch._utils", "_rebuild_tensor"),
                        {Storage(), "K\1", one, one, "\x89", no_hooks})),
       kInvalid, "_rebuild_tensor"},
      {"SizeOfInteger",
       ZipOfTensor(pickle::Call(pickle::Global("torch", "Size"), {"K\1"})),
       kInvalid, "torch.Size"},
      {"OrderedDictOfInteger",
       ZipOfTensor(
           pickle::Call(pickle::Global("collections", "OrderedDict"), {"K\1"})),
       kInvalid, "list of pairs"},
      {"OrderedDictOfSingles",
       ZipOfTensor(pickle::Call(pickle::Global("collections", "OrderedDict"),
                                {"](](K\1ee"})),
       kInvalid, "list of pairs"},
  };
}

std::vector<Damage> Storages() {
  constexpr Reason kInvalid = Reason::kPickleInvalid;
  constexpr Reason kRefused = Reason::kPickleRefused;
  constexpr Reason kBounds = Reason::kStorageBounds;
  const std::string word = pickle::Text("storage"), key = pickle::Text("0");
  const std::string floats = pickle::Global("torch", "FloatStorage");
  const std::string cpu = pickle::Text("cpu"), count = pickle::Int(16);
  const auto stored = [](const std::string& storage) {
    return ZipOfTensor(pickle::Tensor(storage, 0, {1}, {1}));
  };
  const auto id = [&stored](std::vector<std::string> items) {
    return stored(PersistentId(std::move(items)));
  };
  return {
      {"Absent", stored(pickle::Storage("Float", "9", 16)),
       Reason::kStorageNotFound, "no entry \"data/9\""},
      {"Larger", stored(pickle::Storage("Float", "0", 17)), kBounds,
       "has 64 bytes, expected 68"},
      {"Smaller", stored(pickle::Storage("Float", "0", 15)), kBounds,
       "has 64 bytes, expected 60"},
      {"OfWiderType", stored(pickle::Storage("Double", "0", 16)), kBounds,
       "expected 128"},
      {"NegativeCount", stored(pickle::Storage("Float", "0", -1)), kBounds,
       "-1 elements"},
      {"HugeCount", stored(pickle::Storage("Float", "0", INT64_MAX)), kBounds,
       "9223372036854775807 elements"},
      {"TwoTypes",
       Zip(pickle::Whole(pickle::Dict(
           {{pickle::Text("a"), Tensor(0, {1}, {1})},
            {pickle::Text("b"),
             pickle::Tensor(pickle::Storage("Int", "0", 16), 0, {1}, {1})}}))),
       kInvalid, "two types or sizes"},
      {"UnknownType", stored(pickle::Storage("Quantized", "0", 16)), kRefused,
       "torch.QuantizedStorage"},
      {"CallOfType",
       ZipOfTensor(pickle::Call(pickle::Global("torch", "FloatStorage"), {})),
       kRefused, "makes a storage"},
      {"IdIsText", ZipOfTensor(absl::StrCat(key, "Q")), kInvalid,
       "a persistent id"},
      {"IdOfModule", id({pickle::Text("module"), floats, key, cpu, count}),
       kInvalid, "a persistent id"},
      {"IdWithoutCount", id({word, floats, key, cpu}), kInvalid,
       "a persistent id"},
      {"IdWithView", id({word, floats, key, cpu, count, pickle::Tuple({})}),
       kInvalid, "a persistent id"},
      {"IdOfLegacyFiles", id({word, floats, key, cpu, count, "N"}), kInvalid,
       "a persistent id"},
      {"IdWithFunction",
       id({word, pickle::Global("torch", "Size"), key, cpu, count}), kInvalid,
       "a persistent id"},
      {"IdWithIntegerKey", id({word, floats, pickle::Int(0), cpu, count}),
       kInvalid, "a persistent id"},
      {"KeyWithPath", stored(pickle::Storage("Float", "../data/0", 16)),
       Reason::kStorageNotFound, "data/../data/0"},
  };
}

std::vector<Damage> Archives() {
  const std::string pickle = Dict("a", Tensor(0, {16}, {1}));
  const Entries good = TorchEntries(pickle, {{"0", kSixteen}});
  const auto changed = [&good](const auto& change) {
    Entries entries = good;
    change(entries);
    return ZipBytes(entries);
  };
  const auto with = [&good](const std::string& name,
                            const std::string& content) {
    Entries entries = good;
    for (auto& entry : entries) {
      if (entry.first == name) {
        entry.second = content;
        return ZipBytes(entries);
      }
    }
    entries.emplace_back(name, content);
    return ZipBytes(entries);
  };
  std::string damaged_pickle = ZipBytes(good);
  damaged_pickle[damaged_pickle.find("storage")] = 'S';
  std::string damaged_id = with("archive/.data/serialization_id", "1234567");
  damaged_id[damaged_id.find("1234567")] = 'S';
  return {
      {"Empty", ZipBytes({}), Reason::kPickleInvalid, "begins with"},
      {"NoPickle", changed([](Entries& e) { e.erase(e.begin()); }),
       Reason::kZipInvalid, "no entry \"data.pkl\""},
      {"PickleDamaged", damaged_pickle, Reason::kZipInvalid, "its checksum"},
      {"SmallEntryDamaged", damaged_id, Reason::kZipInvalid,
       "\"archive/.data/serialization_id\": its checksum"},
      {"NoVersion", changed([](Entries& e) { e.erase(e.begin() + 2); }),
       Reason::kZipInvalid, "no entry \"version\""},
      {"VersionIsText", with("archive/version", "three"), Reason::kZipInvalid,
       "version \"three\""},
      {"VersionZero", with("archive/version", "0"), Reason::kUnsupported,
       "expected 1 to 10"},
      {"VersionToCome", with("archive/version", "11"), Reason::kUnsupported,
       "expected 1 to 10"},
      {"VersionTooLong", with("archive/version", std::string(5000, '1')),
       Reason::kZipInvalid, "expected at most"},
      {"BigEndian", with("archive/byteorder", "big"), Reason::kUnsupported,
       "byteorder \"big\""},
      {"TwoFolders", with("other/data.pkl", pickle), Reason::kZipInvalid,
       "expected all in one folder"},
      {"NoFolder", ZipBytes({{"data.pkl", pickle}, {"version", "3"}}),
       Reason::kZipInvalid, "expected all in one folder"},
      {"TorchScript", with("archive/constants.pkl", "x"), Reason::kUnsupported,
       "TorchScript"},
  };
}

std::vector<Damage> LegacyFiles() {
  constexpr Reason kInvalid = Reason::kPickleInvalid;
  const std::string state = Dict("a", Tensor(0, {16}, {1}));
  const std::string good = LegacyBytes(state, {{"0", 16, kSixteen}});
  const auto replaced = [&good](absl::string_view from, absl::string_view to) {
    return absl::StrReplaceAll(good, {{from, to}});
  };
  const std::string little = pickle::Text("little_endian");
  std::string tar(512, '\0');
  tar.replace(257, 5, "ustar");
  return {
      {"Nothing", "", Reason::kTruncated, "begins with"},
      {"NoMagic", state, kInvalid, "magic number"},
      {"GitLfsPointer", "version https://git-lfs.github.com/spec/v1\n",
       kInvalid, "begins with \"version https://git-\""},
      {"OtherProtocol", replaced("M\xE9\x03", "M\xE8\x03"), kInvalid,
       "magic number"},
      {"Tar", tar, Reason::kUnsupported, "tar archive"},
      {"BigEndian", replaced(little + "\x88", little + "\x89"),
       Reason::kUnsupported, "big-endian"},
      {"NoByteOrder", replaced("little_endian", "xxxxxx_endian"), kInvalid,
       "byte order"},
      {"SystemIsList", replaced(absl::StrCat("}(", little, "\x88u"), "]"),
       kInvalid, "a dict about the system"},
      {"GlobalInSystem",
       replaced(absl::StrCat(little, "\x88"),
                absl::StrCat(little, pickle::Global("os", "name"))),
       Reason::kPickleRefused, "os.name"},
      {"CutInPickles", good.substr(0, 100), Reason::kTruncated,
       "ends before its STOP"},
      {"CutInCount", good.substr(0, good.size() - 65), Reason::kTruncated,
       "expected 8 at byte"},
      {"CutInStorage", good.substr(0, good.size() - 1), Reason::kTruncated,
       "expected 64 at byte"},
      {"BytesBehind", good + "x", Reason::kStorageBounds, "expected"},
      {"NotListed", LegacyBytes(state, {}), Reason::kStorageNotFound,
       "does not list storage \"0\""},
      {"ListedTwice",
       LegacyBytes(state, {{"0", 16, kSixteen}, {"0", 16, kSixteen}}), kInvalid,
       "twice"},
      {"ListedUnknown",
       LegacyBytes(state, {{"0", 16, kSixteen}, {"1", 16, kSixteen}}), kInvalid,
       "which no tensor is stored in"},
      {"ListIsDict", replaced(absl::StrCat("](", pickle::Text("0"), "e"), "}"),
       kInvalid, "a list of storage keys"},
      {"ListOfIntegers",
       replaced(absl::StrCat("](", pickle::Text("0"), "e"), "](K\1e"), kInvalid,
       "no string"},
      {"OtherCount", LegacyBytes(state, {{"0", 17, kSixteen}}),
       Reason::kStorageBounds, "has 17 elements, expected 16"},
      {"HugeCount", LegacyBytes(state, {{"0", -1, kSixteen}}),
       Reason::kStorageBounds, "has 18446744073709551615 elements"},
      {"ViewBeyondStorage",
       LegacyBytes(Dict("a", Tensor(1, {16}, {1})), {{"0", 16, kSixteen}}),
       Reason::kStorageBounds, "leaves storage"},
  };
}

class TorchDamageTest : public testing::TestWithParam<Damage> {};

TEST_P(TorchDamageTest, IsRefused) {
  const auto reader = OpenTorchSource(
      std::make_unique<MemorySource>(GetParam().bytes), "w.bin");

  EXPECT_THAT(reader, HasReason(GetParam().reason));
  EXPECT_THAT(reader, StatusIs(absl::StatusCode::kFailedPrecondition,
                               HasSubstr(GetParam().message)));
  EXPECT_THAT(reader, StatusIs(absl::StatusCode::kFailedPrecondition,
                               HasSubstr("w.bin: ")));
}

const auto kNameOf = [](const auto& info) { return info.param.name; };

INSTANTIATE_TEST_SUITE_P(StateDict, TorchDamageTest,
                         testing::ValuesIn(StateDicts()), kNameOf);
INSTANTIATE_TEST_SUITE_P(Tensor, TorchDamageTest, testing::ValuesIn(Tensors()),
                         kNameOf);
INSTANTIATE_TEST_SUITE_P(Storage, TorchDamageTest,
                         testing::ValuesIn(Storages()), kNameOf);
INSTANTIATE_TEST_SUITE_P(Archive, TorchDamageTest,
                         testing::ValuesIn(Archives()), kNameOf);
INSTANTIATE_TEST_SUITE_P(Legacy, TorchDamageTest,
                         testing::ValuesIn(LegacyFiles()), kNameOf);

// Without damage the same files are fine, or the tables above prove nothing.
TEST(TorchDamageTest, UndamagedFilesOpen) {
  const std::string state = Dict("a", Tensor(0, {16}, {1}));
  for (const std::string& bytes :
       {Zip(state), LegacyBytes(state, {{"0", 16, kSixteen}})}) {
    EXPECT_THAT(OpenTorchSource(std::make_unique<MemorySource>(bytes), "w.bin"),
                IsOk());
  }
}

}  // namespace
}  // namespace transformerd
