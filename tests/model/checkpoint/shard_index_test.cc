#include "model/checkpoint/shard_index.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

std::string WithMap(absl::string_view map) {
  return absl::StrCat("{\"weight_map\":", map, "}");
}

TEST(ShardIndexTest, SortsKeysAndShards) {
  ASSERT_OK_AND_ASSIGN(
      const ShardIndex index,
      ParseShardIndex(WithMap(R"({"b": "2.st", "c": "1.st", "a": "2.st"})")));

  EXPECT_THAT(index.shards, ElementsAre("1.st", "2.st"));
  EXPECT_THAT(index.keys,
              ElementsAre(Pair("a", 1), Pair("b", 1), Pair("c", 0)));
}

TEST(ShardIndexTest, PassesOverWhatStandsBesideTheMap) {
  const char* const text = R"({
    "metadata": {"total_size": 12, "weight_map": {"x": 1}, "list": [[], {}]},
    "weight_map": {"a": "1.st"},
    "also": [null, true, -1, 1.5, "s", {"weight_map": []}],
    "and": null
  })";

  ASSERT_OK_AND_ASSIGN(const ShardIndex index, ParseShardIndex(text));

  EXPECT_THAT(index.keys, ElementsAre(Pair("a", 0)));
}

TEST(ShardIndexTest, RefusesWhatIsNoIndex) {
  const std::string deep(100'000, '[');
  for (const std::string& text :
       {std::string(), std::string("null"), std::string("[]"),
        std::string("{}"), std::string("{]"), std::string("\"weight_map\""),
        WithMap("null"), WithMap("{}"), WithMap("[]"), WithMap("\"a\""),
        WithMap("{\"a\": 1}"), WithMap("{\"a\": null}"), WithMap("{\"a\": {}}"),
        WithMap("{\"a\": [\"1.st\"]}"), WithMap("{\"a\": \"1.st\"}") + "x",
        std::string(R"({"weight_map":{"a":"1"},"weight_map":{"b":"1"}})"),
        "{\"metadata\":" + deep, WithMap(deep)}) {
    EXPECT_THAT(ParseShardIndex(text), HasReason(Reason::kIndexInvalid))
        << text.substr(0, 60);
  }
}

TEST(ShardIndexTest, RefusesAKeyThatIsListedTwice) {
  const auto index =
      ParseShardIndex(WithMap(R"({"a": "1.st", "b": "1.st", "a": "2.st"})"));

  EXPECT_THAT(index, HasReason(Reason::kDuplicateName));
  EXPECT_THAT(index, StatusIs(absl::StatusCode::kFailedPrecondition,
                              HasSubstr("\"a\"")));
}

TEST(ShardIndexTest, RefusesShardsThatAreNoPlainFileNames) {
  for (const std::string& shard :
       {std::string("../outside.safetensors"), std::string("/etc/passwd"),
        std::string("a/b"), std::string(".."), std::string("."),
        std::string(""), std::string("a\\u0000b"), std::string(256, 'n')}) {
    EXPECT_THAT(
        ParseShardIndex(WithMap(absl::StrCat("{\"a\": \"", shard, "\"}"))),
        HasReason(Reason::kPathEscape))
        << shard;
  }
}

TEST(ShardIndexTest, RefusesMoreShardsThanTheLimit) {
  std::string map = "{\"first\": \"first.st\"";
  for (int64_t i = 0; i < kMaxShards; ++i) {
    absl::StrAppend(&map, ",\"", i, "\":\"", i, ".st\"");
  }

  EXPECT_THAT(ParseShardIndex(WithMap(map + "}")),
              HasReason(Reason::kResourceLimit));
}

}  // namespace
}  // namespace transformerd
