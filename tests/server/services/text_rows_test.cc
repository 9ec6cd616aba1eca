#include "server/services/text_rows.h"

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "tests/fakes/fake_tokenizer.h"
#include "tests/matchers/status_matchers.h"
#include "tests/server/services/infer_requests.h"

namespace transformerd {
namespace {

using inference::ModelInferRequest;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Ids up to 99, texts of up to 6 tokens.
Signature TextSignature(int64_t num_types = 2) {
  Signature signature;
  signature.inputs = {{"input_ids", true, 100},
                      {"token_type_ids", true, num_types}};
  signature.max_sequence_length = 10;
  signature.max_text_tokens = 6;
  return signature;
}

TextRows Texts(std::vector<std::string> texts,
               std::vector<std::string> pairs = {}) {
  TextRows rows;
  rows.texts = std::move(texts);
  rows.pairs = std::move(pairs);
  return rows;
}

absl::StatusOr<TokenRow> Encode(const TextRows& rows, int64_t row = 0) {
  return EncodeRow(rows, row, FakeTokenizer(), TextSignature());
}

TEST(ReadTextRowsTest, TakesRowsAndColumns) {
  for (const std::vector<int64_t>& shape :
       {std::vector<int64_t>{2}, std::vector<int64_t>{2, 1}}) {
    ModelInferRequest request;
    AddTexts(request, "text", shape, {"a", ""});

    ASSERT_OK_AND_ASSIGN(const TextRows rows, ReadTextRows(request));

    EXPECT_THAT(rows.texts, ElementsAre("a", ""));
    EXPECT_THAT(rows.pairs, IsEmpty());
  }
}

TEST(ReadTextRowsTest, TakesRawContentsInAnyOrder) {
  ModelInferRequest request;
  AddInput(request, "text_pair", "BYTES", {1});
  AddInput(request, "text", "BYTES", {1});
  request.add_raw_input_contents(std::string("\1\0\0\0b", 5));
  request.add_raw_input_contents(std::string("\1\0\0\0a", 5));

  ASSERT_OK_AND_ASSIGN(const TextRows rows, ReadTextRows(request));

  EXPECT_THAT(rows.texts, ElementsAre("a"));
  EXPECT_THAT(rows.pairs, ElementsAre("b"));
}

struct BadTexts {
  const char* name;
  std::function<void(ModelInferRequest&)> spoil;  // an empty request
  const char* field;
  const char* message;
};

class BadTextsTest : public testing::TestWithParam<BadTexts> {};

TEST_P(BadTextsTest, AreRefusedByName) {
  ModelInferRequest request;
  GetParam().spoil(request);

  const absl::Status status = ReadTextRows(request).status();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               HasSubstr(GetParam().message)));
  EXPECT_EQ(FieldOf(status), GetParam().field);
}

const BadTexts kBadTexts[] = {
    {"Matrix",
     [](ModelInferRequest& r) {
       AddTexts(r, "text", {1, 2}, {"a", "b"});
     },
     "text", "shape [1,2], expected [batch] or [batch,1]"},
    {"Scalar", [](ModelInferRequest& r) { AddTexts(r, "text", {}, {"a"}); },
     "text", "shape [], expected [batch] or [batch,1]"},
    {"NoRows", [](ModelInferRequest& r) { AddTexts(r, "text", {0}, {}); },
     "text", "shape [0], expected"},
    {"NegativeShape",
     [](ModelInferRequest& r) { AddTexts(r, "text", {-1}, {"a"}); }, "text",
     "shape [-1], expected extents of 0 or more"},
    {"MoreThanAnybodyNeeds",
     [](ModelInferRequest& r) { AddTexts(r, "text", {1 << 21}, {"a"}); },
     "text", "2097152 texts, expected at most 1048576 in a call"},
    {"FewerThanTheShapeSays",
     [](ModelInferRequest& r) { AddTexts(r, "text", {3}, {"a"}); }, "text",
     "input 'text'"},
    {"Integers", [](ModelInferRequest& r) { AddTyped(r, "text", {1}, {5}); },
     "text", "datatype 'INT64', expected BYTES"},
    {"TokensBeside",
     [](ModelInferRequest& r) {
       AddTexts(r, "text", {1}, {"a"});
       AddTyped(r, "input_ids", {1, 1}, {5});
     },
     "input_ids",
     "input 'input_ids' beside text, expected either tokens or text"},
};

INSTANTIATE_TEST_SUITE_P(All, BadTextsTest, testing::ValuesIn(kBadTexts),
                         [](const auto& info) { return info.param.name; });

TEST(CheckTextRowsTest, WantsAsManyPairsAsTexts) {
  EXPECT_THAT(CheckTextRows(Texts({"a", "b"})), IsOk());
  EXPECT_THAT(CheckTextRows(Texts({"a", "b"}, {"c", "d"})), IsOk());
  EXPECT_THAT(CheckTextRows(Texts({"a", "b"}, {"c"})),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("1 in text_pair, expected 2, as in text")));
  EXPECT_THAT(CheckTextRows(Texts({})),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("no text, expected at least one")));
}

TEST(CheckTextRowsTest, RefusesTextsThatAreTooLargeToLookAt) {
  EXPECT_THAT(CheckTextRows(Texts({std::string(kMaxTextBytes, 'a')})), IsOk());

  const absl::Status status = CheckTextRows(
      Texts({"a", "b"}, {"c", std::string(kMaxTextBytes + 1, 'a')}));

  EXPECT_THAT(status,
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("text_pair 1 has 1048577 bytes, expected at "
                                 "most 1048576")));
  EXPECT_EQ(FieldOf(status), "text_pair");
}

TEST(EncodeRowTest, GivesTheTokensOfARow) {
  ASSERT_OK_AND_ASSIGN(const TokenRow row,
                       Encode(Texts({"5", "7"}, {"", "8"}), 1));

  EXPECT_THAT(row.ids, ElementsAre(1, 7, 2, 8, 2));
  EXPECT_THAT(row.type_ids, ElementsAre(0, 0, 0, 1, 1));
}

TEST(EncodeRowTest, AnEmptyTextIsItsSpecialTokens) {
  ASSERT_OK_AND_ASSIGN(const TokenRow row, Encode(Texts({""})));

  EXPECT_THAT(row.ids, ElementsAre(1, 2));
}

// A tokenizer without special tokens, given nothing.
class NoTokens : public FakeTokenizer {
 public:
  absl::StatusOr<TokenRow> Encode(const TextRow&, int64_t) const override {
    return TokenRow();
  }
};

TEST(EncodeRowTest, RefusesARowWithoutTokens) {
  EXPECT_THAT(EncodeRow(Texts({""}), 0, NoTokens(), TextSignature()),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("text 0 has no tokens")));
}

TEST(EncodeRowTest, RefusesTextThatIsTooLong) {
  const absl::Status status = Encode(Texts({"5", "1 2 3 4 5"}), 1).status();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               HasSubstr("text 1 has 7 tokens, the model takes "
                                         "at most 6; parameter 'truncate'")));
  EXPECT_EQ(FieldOf(status), "text");
}

TEST(EncodeRowTest, CutsTextThatIsTooLongOnDemand) {
  TextRows rows = Texts({"1 2 3 4 5"});
  rows.truncate = true;

  ASSERT_OK_AND_ASSIGN(const TokenRow row, Encode(rows));

  EXPECT_THAT(row.ids, ElementsAre(1, 1, 2, 3, 4, 2));
}

TEST(EncodeRowTest, NamesTheTextThatIsNotUtf8) {
  const absl::Status text = Encode(Texts({"a", "\xff"}), 1).status();
  const absl::Status pair = Encode(Texts({"a"}, {"\xff"})).status();

  EXPECT_THAT(text, StatusIs(absl::StatusCode::kInvalidArgument,
                             HasSubstr("text 1: not UTF-8")));
  EXPECT_EQ(FieldOf(text), "text");
  EXPECT_THAT(pair, StatusIs(absl::StatusCode::kInvalidArgument,
                             HasSubstr("text_pair 0: not UTF-8")));
  EXPECT_EQ(FieldOf(pair), "text_pair");
}

TEST(EncodeRowTest, AFailingTokenizerIsAFaultOfOurs) {
  EXPECT_THAT(Encode(Texts({"panic"})),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("text 0: ")));
}

TEST(EncodeRowTest, RefusesTokensThatTheModelDoesNotHave) {
  EXPECT_THAT(Encode(Texts({"99"})), IsOk());
  EXPECT_THAT(
      Encode(Texts({"100"})),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               HasSubstr("text 0: token 100, but the model's vocabulary "
                         "ends at 99")));
}

TEST(AppendRowsTest, PutsRowsBehindEachOther) {
  InferenceInput input;

  AppendRows({{{1, 7, 2}, {0, 0, 0}, 3}, {{1, 2}, {0, 1}, 2}}, TextSignature(),
             input);

  EXPECT_EQ(input.batch, 2);
  EXPECT_EQ(input.width, 3);
  EXPECT_THAT(input.lengths, ElementsAre(3, 2));
  EXPECT_THAT(input.input_ids, ElementsAre(1, 7, 2, 1, 2));
  EXPECT_THAT(input.token_type_ids, ElementsAre(0, 0, 0, 0, 1));
  EXPECT_THAT(input.attention_mask, IsEmpty());
}

TEST(AppendRowsTest, LeavesTypesOutWhereTheModelHasOne) {
  InferenceInput input;

  AppendRows({{{1, 2}, {0, 1}, 2}}, TextSignature(/*num_types=*/1), input);

  EXPECT_THAT(input.token_type_ids, IsEmpty());
}

}  // namespace
}  // namespace transformerd
