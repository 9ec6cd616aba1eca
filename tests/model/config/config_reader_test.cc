#include "model/config/config_reader.h"

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/temporary_folder.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kMin = std::numeric_limits<int64_t>::min();

ConfigReader Config(absl::string_view json) {
  absl::StatusOr<ConfigReader> config =
      ConfigReader::Parse(json, "config.json");
  EXPECT_THAT(config, IsOk());
  return *std::move(config);
}

template <typename T>
void ExpectInvalid(const absl::StatusOr<T>& value, const std::string& message) {
  EXPECT_THAT(value, StatusIs(absl::StatusCode::kFailedPrecondition, message));
  EXPECT_THAT(value, HasReason(Reason::kConfigInvalid));
}

TEST(ConfigReaderTest, TakesDefaultsForAbsentKeysAndNulls) {
  const ConfigReader config = Config("{\"null\": null}");

  for (const char* key : {"absent", "null"}) {
    EXPECT_FALSE(config.Has(key));
    EXPECT_THAT(config.Int(key, 7, 0, 9), IsOkAndHolds(7));
    EXPECT_THAT(config.Double(key, 0.5, 0, 1), IsOkAndHolds(0.5));
    EXPECT_THAT(config.Bool(key, true), IsOkAndHolds(true));
    EXPECT_THAT(config.String(key, "gelu"), IsOkAndHolds("gelu"));
    EXPECT_THAT(config.Strings(key), IsOkAndHolds(IsEmpty()));
    EXPECT_THAT(config.IndexedStrings(key), IsOkAndHolds(IsEmpty()));
  }
}

TEST(ConfigReaderTest, TellsNullFromAbsence) {
  const ConfigReader config = Config("{\"null\": null, \"zero\": 0}");

  EXPECT_TRUE(config.IsNull("null"));
  EXPECT_FALSE(config.IsNull("zero"));
  EXPECT_FALSE(config.IsNull("absent"));
}

TEST(ConfigReaderTest, ErrorsOfAnObjectNameItsKey) {
  const ConfigReader config =
      Config(R"({"rope": {"full": {"factor": "8"}}, "number": 1})");

  ASSERT_OK_AND_ASSIGN(const ConfigReader rope, config.Object("rope"));
  ASSERT_OK_AND_ASSIGN(const ConfigReader full, rope.Object("full"));

  ExpectInvalid(full.Double("factor", 1, 1, 9),
                "config.json: rope: full: factor=\"8\", expected a number in "
                "[1, 9]");
  ExpectInvalid(config.Object("number"),
                "config.json: number=1, expected an object");
}

TEST(ConfigReaderTest, AnAbsentObjectIsEmpty) {
  ASSERT_OK_AND_ASSIGN(const ConfigReader object, Config("{}").Object("rope"));

  EXPECT_FALSE(object.Has("factor"));
}

TEST(ConfigReaderTest, ListsOfNumbersHoldNothingElse) {
  const ConfigReader config = Config(R"({"l": [1, 2.5], "m": [1, "2"]})");

  EXPECT_THAT(config.Doubles("l"), IsOkAndHolds(ElementsAre(1, 2.5)));
  EXPECT_THAT(config.Doubles("absent"), IsOkAndHolds(IsEmpty()));
  ExpectInvalid(config.Doubles("m"),
                "config.json: m[1]=\"2\", expected a number");
}

TEST(ConfigReaderTest, ADefaultMayLieOutsideTheLimits) {
  EXPECT_THAT(Config("{}").Int("pad_token_id", -1, 0, 9), IsOkAndHolds(-1));
}

TEST(ConfigReaderTest, LimitsAreInclusive) {
  const ConfigReader config = Config("{\"n\": 5}");

  EXPECT_THAT(config.Int("n", 0, 5, 5), IsOkAndHolds(5));
  ExpectInvalid(config.Int("n", 0, 6, 9),
                "config.json: n=5, expected an integer in [6, 9]");
  ExpectInvalid(config.Int("n", 0, 1, 4),
                "config.json: n=5, expected an integer in [1, 4]");
}

TEST(ConfigReaderTest, IntegersAreExact) {
  const ConfigReader config = Config(
      R"({"max": 9223372036854775807, "min": -9223372036854775808,
          "over": 9223372036854775808, "far": 99999999999999999999999})");

  EXPECT_THAT(config.Int("max", 0, kMin, kMax), IsOkAndHolds(kMax));
  EXPECT_THAT(config.Int("min", 0, kMin, kMax), IsOkAndHolds(kMin));
  EXPECT_THAT(config.Int("over", 0, kMin, kMax),
              HasReason(Reason::kConfigInvalid));
  EXPECT_THAT(config.Int("far", 0, kMin, kMax),
              HasReason(Reason::kConfigInvalid));
}

TEST(ConfigReaderTest, NothingElseIsAnInteger) {
  for (const char* json :
       {"16.5", "32.0", "3e1", "\"32\"", "true", "[32]", "{}"}) {
    const ConfigReader config = Config(absl::StrCat("{\"n\":", json, "}"));

    EXPECT_THAT(config.Int("n", 0, 0, 99),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         HasSubstr("expected an integer in [0, 99]")))
        << json;
  }
}

TEST(ConfigReaderTest, MessagesShowTheValueFound) {
  const ConfigReader config =
      Config(R"({"f": 16.5, "s": "six\nteen", "o": {"a": 1}, "l": [1]})");

  ExpectInvalid(config.Int("f", 0, 0, 9),
                "config.json: f=16.5, expected an integer in [0, 9]");
  ExpectInvalid(config.Int("s", 0, 0, 9),
                "config.json: s=\"six\\nteen\", expected an integer in [0, 9]");
  ExpectInvalid(config.Bool("o", true),
                "config.json: o={...}, expected true or false");
  ExpectInvalid(config.String("l", ""),
                "config.json: l=[...], expected a string");
}

TEST(ConfigReaderTest, DoublesTakeIntegersToo) {
  const ConfigReader config =
      Config("{\"eps\": 1e-12, \"one\": 1, \"s\": \"1\"}");

  EXPECT_THAT(config.Double("eps", 0, 0, 1), IsOkAndHolds(1e-12));
  EXPECT_THAT(config.Double("one", 0, 0, 1), IsOkAndHolds(1.0));
  ExpectInvalid(config.Double("one", 0, 0, 0.5),
                "config.json: one=1, expected a number in [0, 0.5]");
  ExpectInvalid(config.Double("s", 0, 0, 1),
                "config.json: s=\"1\", expected a number in [0, 1]");
}

TEST(ConfigReaderTest, RequiredKeysMustBeThere) {
  const ConfigReader config =
      Config("{\"null\": null, \"n\": 3, \"s\": \"x\"}");

  EXPECT_THAT(config.RequiredInt("n", 1, 9), IsOkAndHolds(3));
  EXPECT_THAT(config.RequiredString("s"), IsOkAndHolds("x"));
  ExpectInvalid(config.RequiredInt("null", 1, 9),
                "config.json: null is absent, expected an integer in [1, 9]");
  ExpectInvalid(config.RequiredString("model_type"),
                "config.json: model_type is absent, expected a string");
}

TEST(ConfigReaderTest, FirstOfFindsTheNameThatIsUsed) {
  const ConfigReader config = Config("{\"dim\": 8, \"n_layer\": null}");

  EXPECT_EQ(config.FirstOf({"hidden_size", "dim"}), "dim");
  EXPECT_EQ(config.FirstOf({"num_hidden_layers", "n_layer"}),
            "num_hidden_layers");
}

TEST(ConfigReaderTest, IntsAreAListOrOneInteger) {
  const ConfigReader config =
      Config(R"({"list": [1, 2], "one": 3, "mixed": [1, "a"], "empty": []})");

  EXPECT_THAT(config.Ints("list", {9}, 1, 5), IsOkAndHolds(ElementsAre(1, 2)));
  EXPECT_THAT(config.Ints("one", {9}, 1, 5), IsOkAndHolds(ElementsAre(3)));
  EXPECT_THAT(config.Ints("absent", {9}, 1, 5), IsOkAndHolds(ElementsAre(9)));
  EXPECT_THAT(config.Ints("empty", {9}, 1, 5), IsOkAndHolds(IsEmpty()));
  ExpectInvalid(config.Ints("list", {9}, 2, 5),
                "config.json: list[0]=1, expected an integer in [2, 5]");
  ExpectInvalid(config.Ints("one", {9}, 4, 5),
                "config.json: one=3, expected an integer in [4, 5]");
  ExpectInvalid(config.Ints("mixed", {9}, 1, 5),
                "config.json: mixed[1]=\"a\", expected an integer in [1, 5]");
}

TEST(ConfigReaderTest, StringsAreAList) {
  const ConfigReader config =
      Config(R"({"good": ["a", "b"], "text": "a", "mixed": ["a", 1]})");

  EXPECT_THAT(config.Strings("good"), IsOkAndHolds(ElementsAre("a", "b")));
  ExpectInvalid(config.Strings("text"),
                "config.json: text=\"a\", expected a list of strings");
  ExpectInvalid(config.Strings("mixed"),
                "config.json: mixed[1]=1, expected a string");
}

TEST(ConfigReaderTest, IndexedStringsAreOrderedByNumber) {
  std::string json;
  for (int i = 0; i < 12; ++i) {
    absl::StrAppend(&json, i == 0 ? "" : ",", "\"", i, "\":\"L", i, "\"");
  }
  const ConfigReader config =
      Config(absl::StrCat("{\"id2label\":{", json, "}}"));

  ASSERT_OK_AND_ASSIGN(const auto labels, config.IndexedStrings("id2label"));

  ASSERT_EQ(labels.size(), 12);
  EXPECT_EQ(labels[2], "L2");
  EXPECT_EQ(labels[10], "L10");
}

TEST(ConfigReaderTest, IndexedStringsMustBeDense) {
  ExpectInvalid(
      Config(R"({"id2label": {"0": "A", "2": "C"}})")
          .IndexedStrings("id2label"),
      "config.json: id2label has no key \"1\", expected \"0\" to \"1\"");
  ExpectInvalid(Config(R"({"id2label": {"0": 1}})").IndexedStrings("id2label"),
                "config.json: id2label[\"0\"]=1, expected a string");
  ExpectInvalid(Config(R"({"id2label": ["A"]})").IndexedStrings("id2label"),
                "config.json: id2label=[...], expected an object of strings");
}

TEST(ConfigReaderTest, MergesOverrides) {
  const ConfigReader config =
      Config(R"({"a": 1, "b": 2, "id2label": {"0": "x", "1": "y"}})");

  ASSERT_OK_AND_ASSIGN(
      const ConfigReader merged,
      config.Merged(R"({"a": 7, "b": null, "id2label": {"1": "z"}})"));

  EXPECT_THAT(merged.Int("a", 0, 0, 9), IsOkAndHolds(7));
  EXPECT_FALSE(merged.Has("b"));
  EXPECT_THAT(merged.IndexedStrings("id2label"),
              IsOkAndHolds(ElementsAre("x", "z")));
  EXPECT_THAT(config.Int("a", 0, 0, 9), IsOkAndHolds(1));
}

TEST(ConfigReaderTest, ReadsWordsFromAListOrOneString) {
  const ConfigReader config =
      Config(R"({"list": ["a", "b"], "text": "a | b", "empty": "", "n": 1})");

  EXPECT_THAT(config.Words("list"), IsOkAndHolds(ElementsAre("a", "b")));
  EXPECT_THAT(config.Words("text"), IsOkAndHolds(ElementsAre("a", "b")));
  EXPECT_THAT(config.Words("empty"), IsOkAndHolds(ElementsAre("")));
  EXPECT_THAT(config.Words("absent"), IsOkAndHolds(ElementsAre()));
  ExpectInvalid(config.Words("n"),
                "config.json: n=1, expected a list of strings, or one string");
}

TEST(ConfigReaderTest, ReadsObjectsWithinIt) {
  const ConfigReader config = Config(R"({"inner": {"n": 1}, "list": []})");

  ASSERT_OK_AND_ASSIGN(const ConfigReader inner, config.Object("inner"));
  ASSERT_OK_AND_ASSIGN(const ConfigReader absent, config.Object("absent"));

  EXPECT_THAT(inner.Int("n", 0, 0, 9), IsOkAndHolds(1));
  ExpectInvalid(inner.Int("n", 0, 5, 9),
                "config.json: inner: n=1, expected an integer in [5, 9]");
  EXPECT_FALSE(absent.Has("n"));
  ExpectInvalid(config.Object("list"),
                "config.json: list=[...], expected an object");
}

TEST(ConfigReaderTest, RefusesOverridesThatAreNoObject) {
  for (const char* override_json : {"", "[]", "{", "7", "null"}) {
    EXPECT_THAT(Config("{}").Merged(override_json),
                HasReason(Reason::kConfigInvalid))
        << override_json;
  }
}

TEST(ConfigReaderTest, RefusesTextThatIsNoObject) {
  ExpectInvalid(ConfigReader::Parse("", "config.json"),
                "config.json: is empty, expected a JSON object");
  ExpectInvalid(ConfigReader::Parse("[]", "config.json"),
                "config.json: holds [...], expected a JSON object");
  ExpectInvalid(ConfigReader::Parse("{oops", "config.json"),
                "config.json: not valid JSON at byte 2");
  EXPECT_THAT(ConfigReader::Parse(std::string(1'000'000, '['), "config.json"),
              HasReason(Reason::kConfigInvalid));
}

TEST(ConfigReaderFileTest, ReadsAFileAndNamesItWithoutItsFolder) {
  TemporaryFolder folder;

  ASSERT_OK_AND_ASSIGN(
      const ConfigReader config,
      ConfigReader::FromFile(folder.Write("config.json", "{\"n\": 1}")));

  EXPECT_THAT(config.Int("n", 0, 0, 9), IsOkAndHolds(1));
  EXPECT_EQ(config.source_name(), "config.json");
}

TEST(ConfigReaderFileTest, TellsAbsentFromBad) {
  TemporaryFolder folder;
  folder.Write("folder/f", "");

  const auto absent = ConfigReader::FromFile(folder.PathOf("config.json"));

  EXPECT_THAT(absent, HasReason(Reason::kConfigNotFound));
  EXPECT_THAT(absent, StatusIs(absl::StatusCode::kFailedPrecondition,
                               "config.json: no such file"));
  ExpectInvalid(ConfigReader::FromFile(folder.PathOf("folder")),
                "folder: is not a regular file");
  ExpectInvalid(
      ConfigReader::FromFile(folder.PathOf("folder"), "x/config.json"),
      "x/config.json: is not a regular file");
}

TEST(ConfigReaderFileTest, RefusesHugeFilesUnread) {
  TemporaryFolder folder;
  const std::string path = folder.Write("config.json", "{}");
  std::filesystem::resize_file(path, int64_t{1} << 40);

  ExpectInvalid(ConfigReader::FromFile(path),
                "config.json: has 1099511627776 bytes, expected at most "
                "16777216");
}

}  // namespace
}  // namespace transformerd
