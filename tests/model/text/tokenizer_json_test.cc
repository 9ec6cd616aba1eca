#include "model/text/tokenizer_json.h"

#include <algorithm>
#include <limits>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "glog/logging.h"
#include "model/base/error_details.h"
#include "model/base/regular_file.h"
#include "nlohmann/json.hpp"
#include "tests/fakes/temporary_folder.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsNull;
using ::testing::NotNull;
using ::testing::TestWithParam;

constexpr int64_t kUncut = std::numeric_limits<int64_t>::max();

std::string TestFile(const std::string& name, const std::string& file) {
  const absl::StatusOr<std::string> text = ReadRegularFile(
      absl::StrCat("tests/testdata/tokenizers/", name, "/", file), 1 << 20);
  CHECK(text.ok()) << text.status();
  return *text;
}

std::unique_ptr<Tokenizer> MakeTokenizer(const std::string& name,
                                         TokenizerOptions options = {}) {
  auto tokenizer = ParseTokenizer(TestFile(name, "tokenizer.json"), options);
  CHECK(tokenizer.ok()) << tokenizer.status();
  return *std::move(tokenizer);
}

// `text` and `pair` of a case stay with the case.
TextRow RowOf(const json& expected) {
  TextRow row;
  row.text = expected["text"].get_ref<const std::string&>();
  if (expected.contains("pair")) {
    row.pair = expected["pair"].get_ref<const std::string&>();
  }
  return row;
}

// Of what Python's tokenizers said of the same texts.
class TokenizerGoldenTest : public TestWithParam<const char*> {
 protected:
  TokenizerGoldenTest()
      : tokenizer_(MakeTokenizer(GetParam())),
        expected_(json::parse(TestFile(GetParam(), "tokens.json"))) {}

  std::unique_ptr<Tokenizer> tokenizer_;
  json expected_;
};

TEST_P(TokenizerGoldenTest, GivesTheTokensAndOffsetsOfPython) {
  for (const json& expected : expected_["encodings"]) {
    SCOPED_TRACE(expected["text"].dump());

    ASSERT_OK_AND_ASSIGN(const DetailedTokenRow got,
                         tokenizer_->EncodeWithDetails(RowOf(expected)));

    EXPECT_EQ(json(got.row.ids), expected["ids"]);
    EXPECT_EQ(json(got.row.type_ids), expected["type_ids"]);
    EXPECT_EQ(json(got.tokens), expected["tokens"]);
    json offsets = json::array();
    for (const auto& offset : got.offsets) {
      offsets.push_back({offset.begin, offset.end});
    }
    EXPECT_EQ(offsets, expected["offsets"]);
  }
}

TEST_P(TokenizerGoldenTest, GivesTheSameIdsWithoutDetails) {
  for (const json& expected : expected_["encodings"]) {
    SCOPED_TRACE(expected["text"].dump());

    ASSERT_OK_AND_ASSIGN(const TokenRow got,
                         tokenizer_->Encode(RowOf(expected), kUncut));

    EXPECT_EQ(json(got.ids), expected["ids"]);
    EXPECT_EQ(json(got.type_ids), expected["type_ids"]);
    EXPECT_EQ(got.untruncated_length, expected["ids"].size());
  }
}

TEST_P(TokenizerGoldenTest, CutsAsPythonDoes) {
  for (const json& expected : expected_["truncated_to_16"]) {
    SCOPED_TRACE(expected["text"].dump());

    ASSERT_OK_AND_ASSIGN(
        const TokenRow got,
        tokenizer_->Encode(RowOf(expected), expected["max_length"]));

    EXPECT_EQ(json(got.ids), expected["ids"]);
    EXPECT_EQ(json(got.type_ids), expected["type_ids"]);
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, TokenizerGoldenTest,
                         testing::Values("wordpiece", "unigram", "bpe",
                                         "gpt2_bpe"),
                         [](const auto& info) { return info.param; });

TEST(TokenizerJsonTest, TellsHowLongTheWholeTextIs) {
  const auto tokenizer = MakeTokenizer("wordpiece");
  ASSERT_OK_AND_ASSIGN(const TokenRow whole,
                       tokenizer->Encode({"a b c d e f"}, kUncut));

  ASSERT_OK_AND_ASSIGN(const TokenRow cut,
                       tokenizer->Encode({"a b c d e f"}, 5));

  EXPECT_EQ(cut.ids.size(), 5u);
  EXPECT_EQ(cut.ids.front(), whole.ids.front());
  EXPECT_EQ(cut.ids.back(), whole.ids.back()) << "special tokens stay";
  EXPECT_EQ(cut.untruncated_length, static_cast<int64_t>(whole.ids.size()));
}

// How many tokens each text of a pair keeps of `first` and `second`.
struct PairCut {
  const char* first;
  const char* second;
  int64_t max_tokens;
  int kept_first, kept_second;
};

class PairCutTest : public TestWithParam<PairCut> {};

TEST_P(PairCutTest, TheLongerTextGivesFirst) {
  const PairCut& cut = GetParam();
  const auto tokenizer = MakeTokenizer("wordpiece");

  ASSERT_OK_AND_ASSIGN(
      const TokenRow row,
      tokenizer->Encode({cut.first, cut.second}, cut.max_tokens));

  const auto seconds = std::count(row.type_ids.begin(), row.type_ids.end(), 1);
  const auto firsts = static_cast<int64_t>(row.ids.size()) - seconds;
  EXPECT_EQ(firsts - 2, cut.kept_first) << "without [CLS] and [SEP]";
  EXPECT_EQ(seconds - 1, cut.kept_second) << "without [SEP]";
}

INSTANTIATE_TEST_SUITE_P(All, PairCutTest,
                         testing::Values(PairCut{"a b", "c d", 7, 2, 2},
                                         PairCut{"a b c d", "e", 6, 2, 1},
                                         PairCut{"a", "b c d e", 6, 1, 2},
                                         PairCut{"a b c d", "e f g h", 8, 2, 3},
                                         PairCut{"a b c d e", "f g h i", 8, 3,
                                                 2},
                                         PairCut{"a b c", "d e f", 3, 0, 0},
                                         PairCut{"a b c", "d e f", 1, 0, 0}));

TEST(TokenizerJsonTest, KnowsWhetherPairsAreSetApart) {
  EXPECT_TRUE(MakeTokenizer("wordpiece")->takes_pairs());
  EXPECT_TRUE(MakeTokenizer("bpe")->takes_pairs());
  EXPECT_FALSE(MakeTokenizer("gpt2_bpe")->takes_pairs());
}

TEST(TokenizerJsonTest, LowersTheCaseOnDemand) {
  TokenizerOptions options;
  options.lower_case = true;
  const auto lowering = MakeTokenizer("bpe", options);
  const auto plain = MakeTokenizer("bpe");
  ASSERT_OK_AND_ASSIGN(const TokenRow want, plain->Encode({"éa b"}, kUncut));
  ASSERT_OK_AND_ASSIGN(const TokenRow other, plain->Encode({"ÉA B"}, kUncut));
  ASSERT_NE(want.ids, other.ids);

  ASSERT_OK_AND_ASSIGN(const TokenRow got, lowering->Encode({"ÉA B"}, kUncut));

  EXPECT_EQ(got.ids, want.ids);
}

TEST(TokenizerJsonTest, TextsMayHoldNulBytes) {
  const auto tokenizer = MakeTokenizer("bpe");
  const absl::string_view text("a\0b", 3);

  ASSERT_OK_AND_ASSIGN(const DetailedTokenRow row,
                       tokenizer->EncodeWithDetails({text}));

  EXPECT_EQ(row.offsets[row.offsets.size() - 2].end, 3);
}

TEST(TokenizerJsonTest, RefusesTextThatIsNotUtf8) {
  const auto tokenizer = MakeTokenizer("wordpiece");

  const auto text = tokenizer->Encode({"ab\xff"}, kUncut);
  const auto pair = tokenizer->EncodeWithDetails({"ab", "c\xc3"});

  EXPECT_THAT(text, StatusIs(absl::StatusCode::kInvalidArgument,
                             HasSubstr("from index 2")));
  EXPECT_EQ(FieldOf(text.status()), "text");
  EXPECT_THAT(pair, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(FieldOf(pair.status()), "text_pair");
}

TEST(TokenizerJsonTest, AFailureInsideIsAnError) {
  // Its vocabulary lacks the token that unknown words become.
  const auto tokenizer = ParseTokenizer(
      R"({"model": {"type": "WordLevel", "vocab": {"a": 0},
                    "unk_token": "[UNK]"}})",
      {});
  ASSERT_THAT(tokenizer, IsOk());

  EXPECT_THAT((*tokenizer)->Encode({"b"}, kUncut),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("[UNK]")));
  ASSERT_OK_AND_ASSIGN(const TokenRow row, (*tokenizer)->Encode({"a"}, kUncut));
  EXPECT_THAT(row.ids, ElementsAre(0));
}

TEST(TokenizerJsonTest, MayBeUsedByManyThreads) {
  const auto tokenizer = MakeTokenizer("bpe");
  ASSERT_OK_AND_ASSIGN(const TokenRow want,
                       tokenizer->Encode({"hello world"}, kUncut));
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (int& count : wrong) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        const auto got = tokenizer->Encode({"hello world"}, kUncut);
        if (!got.ok() || got->ids != want.ids) ++count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_THAT(wrong, ElementsAre(0, 0, 0, 0));
}

class BrokenTokenizerTest : public TestWithParam<const char*> {};

TEST_P(BrokenTokenizerTest, IsRefusedWithAReason) {
  const auto tokenizer = ParseTokenizer(GetParam(), {});

  EXPECT_THAT(tokenizer, HasReason(Reason::kConfigInvalid));
  EXPECT_FALSE(tokenizer.status().message().empty());
}

INSTANTIATE_TEST_SUITE_P(
    All, BrokenTokenizerTest,
    testing::Values("", "{", "[]", "{}", R"({"model": {"type": "Unknown"}})",
                    R"({"model": {"type": "WordPiece", "vocab": [1, 2]}})",
                    R"({"version": "9.0", "model": {"type": "BPE",
                        "vocab": {}, "merges": ["a b"]}})",
                    "{\"model\": \xff}"));

TEST(ReadTokenizerTest, AFolderWithoutAFileHasNoTokenizer) {
  TemporaryFolder folder;

  EXPECT_THAT(ReadTokenizer(folder.path(), {}), IsOkAndHolds(IsNull()));
}

TEST(ReadTokenizerTest, ReadsTheFileOfAFolder) {
  TemporaryFolder folder;
  folder.Write("tokenizer.json", TestFile("bpe", "tokenizer.json"));

  EXPECT_THAT(ReadTokenizer(folder.path(), {}), IsOkAndHolds(NotNull()));
}

TEST(ReadTokenizerTest, NamesTheFileThatIsBroken) {
  TemporaryFolder folder;
  folder.Write("tokenizer.json", "{}");

  const auto tokenizer = ReadTokenizer(folder.path(), {});

  EXPECT_THAT(tokenizer, HasReason(Reason::kConfigInvalid));
  EXPECT_THAT(std::string(tokenizer.status().message()),
              HasSubstr("tokenizer.json: "));
}

}  // namespace
}  // namespace transformerd
