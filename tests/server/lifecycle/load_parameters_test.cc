#include "server/lifecycle/load_parameters.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::FieldsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;

TEST(LoadParametersTest, TakesEachTypedValue) {
  ModelOptions options;
  ASSERT_THAT(ApplyLoadParameters({{"architecture", "BertModel"},
                                   {"dtype", "bfloat16"},
                                   {"num_hidden_layers", int64_t{3}},
                                   {"strict", false},
                                   {"ignore", R"(["cls\\.", "x"])"},
                                   {"config", R"({"hidden_size": 8})"},
                                   {"pooling", "cls"},
                                   {"relevant_module", "bert.encoder"},
                                   {"allow_missing", R"(["head\\."])"},
                                   {"load_weights", false},
                                   {"weights_path", "other.safetensors"},
                                   {"loading_strategy", "FREE_FOR_ALL"}},
                                  options),
              IsOk());
  EXPECT_EQ(options.load.architecture, "BertModel");
  EXPECT_EQ(options.load.dtype, DType::kBF16);
  EXPECT_EQ(options.load.num_hidden_layers, 3);
  EXPECT_FALSE(options.load.strict);
  EXPECT_THAT(options.load.ignore, Optional(ElementsAre("cls\\.", "x")));
  EXPECT_EQ(options.load.config_override, R"({"hidden_size":8})");
  EXPECT_EQ(options.load.pooling, PoolingKind::kCls);
  EXPECT_THAT(options.load.relevant_module, ElementsAre("bert.encoder"));
  EXPECT_THAT(options.load.allow_missing, Optional(ElementsAre("head\\.")));
  EXPECT_FALSE(options.load.load_weights);
  EXPECT_EQ(options.load.weights_path, "other.safetensors");
  EXPECT_EQ(options.load.loading_strategy, LoadingStrategy::kFreeForAll);
}

TEST(LoadParametersTest, TriesRelevantModulesInTheGivenOrder) {
  ModelOptions options;
  ASSERT_THAT(
      ApplyLoadParameters({{"relevant_module", R"(["z", "a.b"])"}}, options),
      IsOk());
  EXPECT_THAT(options.load.relevant_module, ElementsAre("z", "a.b"));
}

TEST(LoadParametersTest, AMappingKeepsItsOrder) {
  constexpr char kMapping[] = R"({"layer.9": "layers.1", "layer.8": "x"})";
  ModelOptions by_call, by_file;
  ASSERT_THAT(ApplyLoadParameters({{"mapping", kMapping}}, by_call), IsOk());
  ASSERT_THAT(
      ApplyModelFile(absl::StrCat("{\"mapping\": ", kMapping, "}"), by_file),
      IsOk());
  for (const ModelOptions& options : {by_call, by_file}) {
    EXPECT_THAT(options.load.mapping,
                ElementsAre(FieldsAre("layer.9", "layers.1"),
                            FieldsAre("layer.8", "x")));
  }
}

TEST(LoadParametersTest, PartsTakeWhatTheLoadOfAModuleTakes) {
  constexpr char kParts[] = R"([
      {"module": "TransformerEmbeddings", "checkpoint": "albert"},
      {"module": "TransformerStack", "checkpoint": "bert", "version": 2,
       "relevant_module": "bert.encoder", "mapping": {"layer.8": "layers.0"},
       "num_hidden_layers": 4, "ignore": ["a"], "allow_missing": ["b"],
       "strict": false, "config": {"x": 1}, "weights_path": "w.bin"}])";
  ModelOptions by_call, by_file;
  ASSERT_THAT(ApplyLoadParameters({{"parts", kParts}}, by_call), IsOk());
  ASSERT_THAT(
      ApplyModelFile(absl::StrCat("{\"parts\": ", kParts, "}"), by_file),
      IsOk());
  for (const ModelOptions& options : {by_call, by_file}) {
    ASSERT_EQ(options.load.parts.size(), 2u);
    const PartOptions& first = options.load.parts[0];
    EXPECT_EQ(first.architecture, "TransformerEmbeddings");
    EXPECT_EQ(first.checkpoint, "albert");
    EXPECT_EQ(first.version, std::nullopt);
    EXPECT_TRUE(first.strict);
    const PartOptions& second = options.load.parts[1];
    EXPECT_EQ(second.version, 2);
    EXPECT_THAT(second.relevant_module, ElementsAre("bert.encoder"));
    EXPECT_THAT(second.mapping, ElementsAre(FieldsAre("layer.8", "layers.0")));
    EXPECT_EQ(second.num_hidden_layers, 4);
    EXPECT_THAT(second.ignore, Optional(ElementsAre("a")));
    EXPECT_THAT(second.allow_missing, Optional(ElementsAre("b")));
    EXPECT_FALSE(second.strict);
    EXPECT_EQ(second.config_override, R"({"x":1})");
    EXPECT_EQ(second.weights_path, "w.bin");
    // The load itself is as it was.
    EXPECT_TRUE(options.load.strict);
    EXPECT_TRUE(options.load.architecture.empty());
  }
}

TEST(LoadParametersTest, AnEmptyListIsAListAndNotNothing) {
  ModelOptions options;
  EXPECT_EQ(options.load.ignore, std::nullopt);
  ASSERT_THAT(ApplyLoadParameters({{"ignore", "[]"}}, options), IsOk());
  EXPECT_THAT(options.load.ignore, Optional(IsEmpty()));
}

TEST(LoadParametersTest, TakesBoolsAndIntegersSpelledAsStrings) {
  ModelOptions options;
  ASSERT_THAT(ApplyLoadParameters(
                  {{"strict", "false"}, {"num_hidden_layers", "2"}}, options),
              IsOk());
  EXPECT_FALSE(options.load.strict);
  EXPECT_EQ(options.load.num_hidden_layers, 2);
}

TEST(LoadParametersTest, LeavesWhatIsNotNamedAlone) {
  ModelOptions options;
  options.load.architecture = "BertModel";
  options.serving.max_batch_tokens = 7;
  ASSERT_THAT(ApplyLoadParameters({{"strict", true}}, options), IsOk());
  EXPECT_EQ(options.load.architecture, "BertModel");
  EXPECT_EQ(options.serving.max_batch_tokens, 7);
}

TEST(LoadParametersTest, AutoDtypeUndoesADefault) {
  ModelOptions options;
  options.load.dtype = DType::kF16;
  ASSERT_THAT(ApplyLoadParameters({{"dtype", "auto"}}, options), IsOk());
  EXPECT_EQ(options.load.dtype, std::nullopt);
}

struct BadParameter {
  std::string name;
  LoadParameter value;
  std::string message;
};

class BadLoadParameterTest : public ::testing::TestWithParam<BadParameter> {};

TEST_P(BadLoadParameterTest, IsAnInvalidArgumentNamingIt) {
  const BadParameter& bad = GetParam();
  ModelOptions options;
  const absl::Status status =
      ApplyLoadParameters({{bad.name, bad.value}}, options);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               AllOf(HasSubstr(absl::StrCat("load parameter '",
                                                            bad.name, "' ")),
                                     HasSubstr(bad.message))));
  EXPECT_EQ(FieldOf(status), bad.name);
}

INSTANTIATE_TEST_SUITE_P(
    All, BadLoadParameterTest,
    ::testing::Values(
        BadParameter{"strikt", true, "is unknown, did you mean 'strict'?"},
        BadParameter{"banana", true, "is unknown"},
        BadParameter{"", true, "is unknown"},
        BadParameter{"file:1/model.safetensors", "bytes", "is refused"},
        BadParameter{"relevant_module", "[1]",
                     "expected a string or a JSON list of strings"},
        BadParameter{"relevant_module", true,
                     "expected a string or a JSON list of strings"},
        BadParameter{"mapping", "layer", "expected a JSON object"},
        BadParameter{"mapping", R"({"a": 1})", "expected names to names"},
        BadParameter{"mapping", R"({"": "a"})", "expected names to names"},
        BadParameter{"mapping", R"({"a": ""})", "expected names to names"},
        BadParameter{"mapping", R"({"a": "b", "a": "c"})",
                     "expected a JSON object"},
        BadParameter{"allow_missing", "head", "expected a JSON list"},
        BadParameter{"load_weights", "no", "expected true or false"},
        BadParameter{"weights_path", "../model.safetensors",
                     "expected the name of a file"},
        BadParameter{"weights_path", int64_t{1}, "expected a string"},
        BadParameter{"replace", true, "is not supported by this version"},
        BadParameter{"max_batch_tokens", int64_t{5},
                     "is set in transformerd.json"},
        BadParameter{"architecture", int64_t{1}, "is 1, expected a string"},
        BadParameter{"dtype", "float31",
                     "is \"float31\", expected one of auto, float32"},
        BadParameter{"dtype", true, "is true, expected a string"},
        BadParameter{"num_hidden_layers", int64_t{0}, "is 0, expected"},
        BadParameter{"num_hidden_layers", int64_t{-1}, "is -1, expected"},
        BadParameter{"num_hidden_layers", INT64_MAX, "expected an integer"},
        BadParameter{"num_hidden_layers", "six", "expected an integer"},
        BadParameter{"num_hidden_layers", true, "expected an integer"},
        BadParameter{"strict", "maybe", "expected true or false"},
        BadParameter{"strict", int64_t{1}, "expected true or false"},
        BadParameter{"ignore", "cls", "expected a JSON list of strings"},
        BadParameter{"ignore", "[1]", "expected a JSON list of strings"},
        BadParameter{"config", "{", "expected a JSON object"},
        BadParameter{"config", "[]", "expected a JSON object"},
        BadParameter{"config", R"({"a": 1, "a": 2})", "expected a JSON object"},
        BadParameter{"loading_strategy", "greedy",
                     "expected memory_efficient or free_for_all"},
        BadParameter{"pooling", "max", "expected one of mean, cls"}));

TEST(LoadParametersTest, SurvivesDeeplyNestedJson) {
  ModelOptions options;
  const std::string deep(100000, '[');
  for (const std::string& text : {deep, "{\"a\":" + deep}) {
    EXPECT_THAT(ApplyLoadParameters({{"config", text}}, options),
                StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_FALSE(ApplyModelFile(text, options).ok());
  }
}

TEST(ModelFileTest, TakesPlainJsonAndServingLimits) {
  ModelOptions options;
  ASSERT_THAT(ApplyModelFile(R"({
      "ignore": ["cls"], "config": {"hidden_size": 8}, "strict": false,
      "max_batch_tokens": 100, "max_batch_requests": 4,
      "max_queue_requests": 5, "max_queue_tokens": 600,
      "max_queue_delay": "5ms"})",
                             options),
              IsOk());
  EXPECT_THAT(options.load.ignore, Optional(ElementsAre("cls")));
  EXPECT_EQ(options.load.config_override, R"({"hidden_size":8})");
  EXPECT_FALSE(options.load.strict);
  EXPECT_EQ(options.serving.max_batch_tokens, 100);
  EXPECT_EQ(options.serving.max_batch_requests, 4);
  EXPECT_EQ(options.serving.max_queue_requests, 5);
  EXPECT_EQ(options.serving.max_queue_tokens, 600);
  EXPECT_EQ(options.serving.max_queue_delay, absl::Milliseconds(5));
}

TEST(ModelFileTest, BadOnesAreRefusedWithTheKey) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "not a JSON object"},
      {"[]", "not a JSON object"},
      {"{\"strict\": tru", "not a JSON object"},
      {R"({"strict": true, "strict": false})", "unique keys"},
      {R"({"max_batch_token": 1})", "did you mean 'max_batch_tokens'?"},
      {R"({"max_batch_tokens": 0})", "'max_batch_tokens' is 0"},
      {R"({"max_batch_tokens": 1.5})", "'max_batch_tokens' is 1.5"},
      {R"({"max_batch_requests": 3000000000})", "from 1 to 2147483647"},
      {R"({"max_queue_tokens": 18446744073709551615})", "expected an integer"},
      {R"({"max_queue_delay": 5})", "expected a duration"},
      {R"({"max_queue_delay": "-5ms"})", "expected a duration"},
      {R"({"max_queue_delay": "inf"})", "expected a duration"},
      {R"({"strict": null})", "'strict' is null"},
      {R"({"parts": []})", "'parts' is [], expected a JSON list of 1 to 64"},
      {R"({"parts": {}})", "'parts' is {}, expected a JSON list"},
      {R"({"parts": [7]})", "'parts' at index 0: is 7, expected a JSON object"},
      {R"({"parts": [{"module": "A", "checkpoint": "a"}, {"module": "B"}]})",
       "'parts' at index 1: 'checkpoint' is missing"},
      {R"({"parts": [{"checkpoint": "a"}]})", "'module' is missing"},
      {R"({"parts": [{"checkpoint": "a/b"}]})", "has a '/'"},
      {R"({"parts": [{"checkpoint": ".."}]})", "is not a name but a path"},
      {R"({"parts": [{"modul": "A"}]})",
       "'modul' is unknown, did you mean 'module'?"},
      {R"({"parts": [{"dtype": "float32"}]})", "'dtype' is unknown"},
      {R"({"parts": [{"parts": []}]})", "'parts' is unknown"},
      {R"({"parts": [{"version": 0}]})", "'version' is 0"},
  };
  for (const auto& [text, message] : cases) {
    ModelOptions options;
    const absl::Status status = ApplyModelFile(text, options);
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition,
                                 HasSubstr(message)));
    EXPECT_THAT(status, HasReason(Reason::kConfigInvalid));
  }
}

}  // namespace
}  // namespace transformerd
