#include "model/checkpoint/pickle_machine.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/torch_bytes.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

using Kind = PickleValue::Kind;

// Knows the global "m.f", whose calls return their own argument, and loads
// every id as None.
class EchoObjects : public PickleObjects {
 public:
  std::optional<uint32_t> FindGlobal(absl::string_view module,
                                     absl::string_view name) override {
    if (module == "m" && name == "f") return 7;
    if (module == "m" && name == "OrderedDict") return 8;
    return std::nullopt;
  }
  absl::StatusOr<PickleValue> Call(uint32_t global,
                                   const PickleValue& arguments,
                                   PickleHeap& heap) override {
    if (global == 8) return heap.MakeContainer(Kind::kOrderedDict);
    return arguments;
  }
  absl::StatusOr<PickleValue> Load(const PickleValue&, PickleHeap&) override {
    return PickleValue();
  }
};

absl::StatusOr<PickleResult> RunBytes(absl::string_view bytes) {
  PickleHeap heap(bytes);
  EchoObjects objects;
  return RunPickle(heap, objects);
}

// A pickle of one integer.
int64_t IntOf(absl::string_view body) {
  const std::string bytes = pickle::Whole(body);
  const auto result = RunBytes(bytes);
  EXPECT_THAT(result, IsOk());
  if (!result.ok()) return -999;
  EXPECT_EQ(result->value.kind, Kind::kInt);
  return result->value.number;
}

TEST(PickleMachineTest, ReadsIntegersOfEveryForm) {
  EXPECT_EQ(IntOf("K\xFF"), 255);
  EXPECT_EQ(IntOf("M\x02\x01"), 258);
  EXPECT_EQ(IntOf("J\xFF\xFF\xFF\xFF"), -1);
  EXPECT_EQ(IntOf(absl::string_view("\x8A\x00", 2)), 0);
  EXPECT_EQ(IntOf("\x8A\x01\xFF"), -1);
  EXPECT_EQ(IntOf(absl::string_view("\x8A\x02\xFF\x00", 4)), 255);
  EXPECT_EQ(IntOf("\x8A\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F"), INT64_MAX);
}

TEST(PickleMachineTest, BuildsContainers) {
  // {"a": [1, (), (2,), (3, 4), (5, 6, 7)], "b": None}, with "a" by its memo.
  const std::string bytes =
      pickle::Whole(absl::StrCat("}(", pickle::Text("a"), "q\5",
                                 "](K\1)K\2\x85K\3K\4\x86K\5K\6K\7\x87"
                                 "e",
                                 pickle::Text("b"), "Nuh\5N\x86"));
  // Two values are left: the dict, and a tuple of the memo and None.
  EXPECT_THAT(RunBytes(bytes), HasReason(Reason::kPickleInvalid));

  const std::string whole = pickle::Whole(
      absl::StrCat("}(", pickle::Text("a"),
                   "](K\1)K\2\x85K\3K\4\x86K\5K\6K\7\x87"
                   "e",
                   pickle::Text("b"), "Nu", pickle::Text("c"), "]K\1as"));
  PickleHeap heap(whole);
  EchoObjects objects;
  ASSERT_OK_AND_ASSIGN(const PickleResult result, RunPickle(heap, objects));

  ASSERT_TRUE(result.value.is_dict());
  const auto items = heap.items(result.value);
  ASSERT_THAT(items, SizeIs(6));
  EXPECT_EQ(heap.text(items[0]), "a");
  ASSERT_THAT(heap.items(items[1]), SizeIs(5));
  EXPECT_THAT(heap.items(heap.items(items[1])[4]), SizeIs(3));
  EXPECT_EQ(items[3].kind, Kind::kNone);
  EXPECT_THAT(heap.items(items[5]), SizeIs(1));
}

TEST(PickleMachineTest, StopsAtItsStop) {
  const std::string bytes = absl::StrCat(pickle::Whole("N"), "behind");

  ASSERT_OK_AND_ASSIGN(const PickleResult result, RunBytes(bytes));

  EXPECT_EQ(result.size_bytes, 4);
}

TEST(PickleMachineTest, CallsAndLoadsWhatItsObjectsKnow) {
  ASSERT_OK_AND_ASSIGN(
      const PickleResult called,
      RunBytes(pickle::Whole(pickle::Call(pickle::Global("m", "f"), {"K\1"}))));
  EXPECT_EQ(called.value.kind, Kind::kTuple);

  ASSERT_OK_AND_ASSIGN(const PickleResult loaded,
                       RunBytes(pickle::Whole("K\1Q")));
  EXPECT_EQ(loaded.value.kind, Kind::kNone);
}

TEST(PickleMachineTest, ThrowsTheStateOfAnOrderedDictAway) {
  ASSERT_OK_AND_ASSIGN(
      const PickleResult result,
      RunBytes(pickle::Whole(absl::StrCat(
          pickle::Call(pickle::Global("m", "OrderedDict"), {}), "}b"))));

  EXPECT_EQ(result.value.kind, Kind::kOrderedDict);
}

TEST(PickleMachineTest, AValueThatContainsItselfDoesNoHarm) {
  EXPECT_THAT(RunBytes(pickle::Whole("]q\1h\1a")), IsOk());
}

TEST(PickleMachineTest, SaysWhenItsBytesEndEarly) {
  const std::string bytes = pickle::Whole(absl::StrCat(
      pickle::Text("text"), "q\1", pickle::Global("m", "f"), "M\1\2\x87"));
  for (size_t size = 0; size < bytes.size() - 1; ++size) {
    EXPECT_THAT(RunBytes(bytes.substr(0, size)),
                StatusIs(absl::StatusCode::kOutOfRange))
        << size;
  }
}

TEST(PickleMachineTest, RefusesEveryOpcodeThatNoStateDictNeeds) {
  const std::string allowed(
      "\x80().GJKMNQRUX]abcehjqrstu}\x85\x86\x87\x88\x89\x8A");
  for (int opcode = 0; opcode < 256; ++opcode) {
    const char byte = static_cast<char>(opcode);
    if (allowed.find(byte) != std::string::npos) continue;
    // Values and arguments that the opcode could want.
    EXPECT_THAT(RunBytes(pickle::Whole(absl::StrCat(
                    "}N(N", std::string(1, byte), "1\n1\n        "))),
                HasReason(Reason::kPickleRefused))
        << opcode;
  }
}

struct Damage {
  const char* name;
  std::string body;
  Reason reason;
  const char* message;
};

std::vector<Damage> Damages() {
  constexpr Reason kInvalid = Reason::kPickleInvalid;
  constexpr Reason kRefused = Reason::kPickleRefused;
  const std::string dict = pickle::Call(pickle::Global("m", "OrderedDict"), {});
  return {
      {"Protocol3", std::string("\x80\x03N"), kRefused, "expected 2"},
      {"Protocol4", std::string("\x80\x04N"), kRefused, "expected 2"},
      {"UnknownGlobal", pickle::Global("posix", "system"), kRefused,
       "wants \"posix.system\""},
      {"Eval", pickle::Global("builtins", "eval"), kRefused, "builtins.eval"},
      {"DottedGlobal", pickle::Global("m", "f.g"), kRefused, "m.f.g"},
      {"EmptyGlobal", pickle::Global("", ""), kRefused, "wants"},
      {"GlobalTooLong", absl::StrCat("c", std::string(5000, 'm'), "\nf\n"),
       kInvalid, "a name of more than 4096 bytes"},
      {"NameTooLong", absl::StrCat("cm\n", std::string(5000, 'f'), "\n"),
       kInvalid, "a name of more than 4096 bytes"},
      {"BuildOnDict", "}}b", kRefused, "sets the state of a dict"},
      {"BuildOnList", "]}b", kRefused, "sets the state of a list"},
      {"BuildOnNothing", "}b", kInvalid, "needs 2 values"},
      {"BuildBelowMark", absl::StrCat(dict, "(}b"), kInvalid, "needs 2 values"},
      {"NothingLeft", "", kInvalid, "stops with 0 values"},
      {"TwoLeft", "NN", kInvalid, "stops with 2 values"},
      {"MarkLeft", "N(", kInvalid, "1 marks"},
      {"TupleWithoutMark", "Nt", kInvalid, "needs a mark"},
      {"AppendsWithoutMark", "]Ne", kInvalid, "needs a mark"},
      {"SetItemsWithoutMark", "}NNu", kInvalid, "needs a mark"},
      {"Tuple1OfNothing", "\x85", kInvalid, "needs 1 values"},
      {"Tuple2OfOne", "N\x86", kInvalid, "needs 2 values"},
      {"Tuple3BelowMark", "NN(N\x87", kInvalid, "needs 3 values"},
      {"AppendToTuple", ")Na", kInvalid, "adds to a tuple"},
      {"AppendToDict", "}Na", kInvalid, "adds to a dict"},
      {"AppendToNothing", "Na", kInvalid, "needs 2 values"},
      {"AppendsToNone", "N(Ne", kInvalid, "adds to None"},
      {"AppendsToNothing", "(Ne", kInvalid, "expected a list"},
      {"AppendsBelowMark", "]((Ne", kInvalid, "expected a list"},
      {"SetItemOnList", "]NNs", kInvalid, "adds to a list"},
      {"SetItemBelowMark", "}(NNs", kInvalid, "needs 3 values"},
      {"SetItemsOnList", "](NNu", kInvalid, "adds to a list"},
      {"SetItemsOdd", "}(NNNu", kInvalid, "a key without a value"},
      {"SetItemOnText", absl::StrCat(pickle::Text("x"), "NNs"), kInvalid,
       "adds to a string"},
      {"CallOfText", absl::StrCat(pickle::Text("x"), ")R"), kInvalid,
       "calls a string"},
      {"CallWithList", absl::StrCat(pickle::Global("m", "f"), "]R"), kInvalid,
       "with a list"},
      {"CallOfNothing", ")R", kInvalid, "needs 1 values"},
      {"LoadOfNothing", "Q", kInvalid, "needs 1 values"},
      {"MemoNeverSet", "h\1", kInvalid, "wants memo 1"},
      {"MemoBetweenOthers", "Nq\5h\4", kInvalid, "wants memo 4"},
      {"LongMemoNeverSet", "j\xFF\xFF\xFF\xFF", kInvalid, "wants memo"},
      {"MemoOfNothing", "q\1", kInvalid, "needs 1 values"},
      {"MemoBelowMark", "N(q\1", kInvalid, "needs 1 values"},
      {"MemoOfAMillion", std::string("Nr\x40\x42\x0F\0", 6), kInvalid,
       "sets memo 1000000"},
      {"MemoHuge", "Nr\xFF\xFF\xFF\xFF", kInvalid, "sets memo 4294967295"},
      {"TextTooLong", pickle::Text(std::string(4097, 'x')), kInvalid,
       "a string of 4097 bytes"},
      {"TextHuge", "X\xFF\xFF\xFF\xFFx", kInvalid, "a string of 4294967295"},
      {"TextNotUtf8", pickle::Text("\xC3("), kInvalid, "not UTF-8"},
      {"ShortTextNotUtf8", "U\1\xFF", kInvalid, "not UTF-8"},
      {"LongOf9Bytes",
       "\x8A\x09"
       "123456789",
       kInvalid, "of 9 bytes"},
      {"LongOf255Bytes", "\x8A\xFF", kInvalid, "of 255 bytes"},
  };
}

class PickleDamageTest : public testing::TestWithParam<Damage> {};

TEST_P(PickleDamageTest, IsRefused) {
  const auto result = RunBytes(pickle::Whole(GetParam().body));

  EXPECT_THAT(result, HasReason(GetParam().reason));
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kFailedPrecondition,
                               HasSubstr(GetParam().message)));
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kFailedPrecondition,
                               HasSubstr("pickle at byte ")));
}

INSTANTIATE_TEST_SUITE_P(All, PickleDamageTest, testing::ValuesIn(Damages()),
                         [](const auto& info) { return info.param.name; });

TEST(PickleMachineTest, BoundsWhatAPickleCanClaim) {
  constexpr size_t kMany = 1'100'000;
  for (const std::string& body :
       {std::string(kMany, 'N'), std::string(kMany, '('),
        std::string(kMany, ']'), absl::StrCat("]N", std::string(kMany, 'a'))}) {
    EXPECT_THAT(RunBytes(pickle::Whole(body)),
                HasReason(Reason::kPickleInvalid));
  }
  // Elements without end: each turn doubles nothing, but adds one.
  std::string elements = "]";
  for (size_t i = 0; i < kMany; ++i) elements += "Na";
  EXPECT_THAT(RunBytes(pickle::Whole(elements)),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("more than 1048576 elements")));
  EXPECT_THAT(RunBytes(std::string(kMaxPickleBytes + 1, 'N')),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("expected at most")));
}

TEST(PickleMachineTest, PlainPicklesNameNothing) {
  PickleObjects plain;
  for (const std::string& body :
       {pickle::Global("collections", "OrderedDict"), std::string("NQ")}) {
    const std::string bytes = pickle::Whole(body);
    PickleHeap heap(bytes);
    EXPECT_THAT(RunPickle(heap, plain), HasReason(Reason::kPickleRefused));
  }
}

}  // namespace
}  // namespace transformerd
