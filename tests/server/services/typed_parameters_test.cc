#include "server/services/typed_parameters.h"

#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"

namespace transformerd {
namespace {

using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

// As grpcurl reads what a user types.
LoadParameters FromJson(const std::string& json) {
  v1::LoadParameters message;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(json, &message).ok());
  return FromMessage(message);
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

}  // namespace
}  // namespace transformerd
