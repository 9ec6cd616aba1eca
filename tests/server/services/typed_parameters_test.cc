#include "server/services/typed_parameters.h"

#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

// As grpcurl reads what a user types.
LoadParameters FromJson(const std::string& json) {
  v1::LoadParameters message;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(json, &message).ok());
  absl::StatusOr<LoadParameters> parameters = FromMessage(message);
  EXPECT_THAT(parameters, IsOk());
  return std::move(parameters).value_or(LoadParameters{});
}

// [[1]] and {"a": {"a": 1}}, so many levels deep.
v1::LoadParameters NestedParts(int depth) {
  v1::LoadParameters message;
  google::protobuf::ListValue* list = message.mutable_parts();
  for (int level = 1; level < depth; ++level) {
    list = list->add_values()->mutable_list_value();
  }
  list->add_values()->set_number_value(1);
  return message;
}
v1::LoadParameters NestedConfig(int depth) {
  v1::LoadParameters message;
  google::protobuf::Struct* object = message.mutable_config();
  for (int level = 1; level < depth; ++level) {
    object = (*object->mutable_fields())["a"].mutable_struct_value();
  }
  (*object->mutable_fields())["a"].set_number_value(1);
  return message;
}

TEST(TypedParametersTest, WhatIsNotSetIsLeftOut) {
  EXPECT_THAT(FromJson("{}"), IsEmpty());
}

TEST(TypedParametersTest, KeepTheirTypes) {
  EXPECT_THAT(FromJson(R"({"architecture": "BertModel", "num_hidden_layers": 0,
                   "strict": false, "dtype": "float32"})"),
              UnorderedElementsAre(
                  Pair("architecture", LoadParameter(std::string("BertModel"))),
                  Pair("num_hidden_layers", LoadParameter(int64_t{0})),
                  Pair("strict", LoadParameter(false)),
                  Pair("dtype", LoadParameter(std::string("float32")))));
}

TEST(TypedParametersTest, ListsAndObjectsAreJson) {
  EXPECT_THAT(
      FromJson(R"({"ignore": ["a\"b", "c"], "mapping": {"x": "y"},
                   "config": {"num_hidden_layers": 2, "act": "gelu"},
                   "parts": [{"a": 1}]})"),
      UnorderedElementsAre(
          Pair("ignore", LoadParameter(std::string(R"(["a\"b","c"])"))),
          Pair("mapping", LoadParameter(std::string(R"({"x":"y"})"))),
          Pair("config", LoadParameter(std::string(
                             R"({"act":"gelu","num_hidden_layers":2})"))),
          Pair("parts", LoadParameter(std::string(R"([{"a":1}])")))));
}

TEST(TypedParametersTest, OneRelevantModuleIsAText) {
  EXPECT_THAT(FromJson(R"({"relevant_module": ["bert"]})"),
              UnorderedElementsAre(
                  Pair("relevant_module", LoadParameter(std::string("bert")))));
  EXPECT_THAT(
      FromJson(R"({"relevant_module": ["bert", ""]})"),
      UnorderedElementsAre(Pair("relevant_module",
                                LoadParameter(std::string(R"(["bert",""])")))));
}

// Deeper than protobuf writes JSON, not deeper than it reads messages.
TEST(TypedParametersTest, WhatIsNestedTooDeeplyIsRefusedByName) {
  EXPECT_THAT(FromMessage(NestedParts(32)), IsOk());
  EXPECT_THAT(FromMessage(NestedConfig(32)), IsOk());

  const absl::Status parts = FromMessage(NestedParts(33)).status();
  EXPECT_THAT(parts, StatusIs(absl::StatusCode::kInvalidArgument,
                              HasSubstr("parameter 'parts'")));
  EXPECT_EQ(FieldOf(parts), "parts");
  const absl::Status config = FromMessage(NestedConfig(33)).status();
  EXPECT_THAT(config, StatusIs(absl::StatusCode::kInvalidArgument,
                               HasSubstr("parameter 'config'")));
  EXPECT_EQ(FieldOf(config), "config");
}

}  // namespace
}  // namespace transformerd
