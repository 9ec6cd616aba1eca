#include "client/wire.h"

#include <cstdint>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

TEST(WireTest, RequestsCarryAllFields) {
  InferRequest request;
  request.model = "minilm";
  request.version = "2";
  request.id = "a";
  request.parameters = {{"truncate", true}, {"priority", int64_t{1}}};
  const int64_t ids[] = {101};
  request.inputs = {{"input_ids", MakeTensor({1, 1}, ids)}};
  request.outputs = {"logits"};

  ASSERT_OK_AND_ASSIGN(const oip::ModelInferRequest wire,
                       ToWire(std::move(request)));

  EXPECT_EQ(wire.model_name(), "minilm");
  EXPECT_EQ(wire.model_version(), "2");
  EXPECT_EQ(wire.id(), "a");
  EXPECT_TRUE(wire.parameters().at("truncate").bool_param());
  EXPECT_EQ(wire.parameters().at("priority").int64_param(), 1);
  EXPECT_EQ(wire.inputs_size(), 1);
  EXPECT_EQ(wire.outputs(0).name(), "logits");
}

TEST(WireTest, ParametersOfAnAnswerKeepTheirTypes) {
  oip::ModelInferResponse response;
  auto& parameters = *response.mutable_parameters();
  parameters["bool"].set_bool_param(true);
  parameters["int64"].set_int64_param(-1);
  parameters["uint64"].set_uint64_param(7);
  parameters["double"].set_double_param(0.5);
  parameters["string"].set_string_param("x");

  ASSERT_OK_AND_ASSIGN(const InferResult result, FromWire(response));

  EXPECT_THAT(result.parameters,
              UnorderedElementsAre(Pair("bool", Parameter(true)),
                                   Pair("int64", Parameter(int64_t{-1})),
                                   Pair("uint64", Parameter(int64_t{7})),
                                   Pair("double", Parameter(0.5)),
                                   Pair("string", Parameter("x"))));
}

TEST(WireTest, LoadParametersAreBoolIntegerOrString) {
  ASSERT_OK_AND_ASSIGN(
      const oip::RepositoryModelLoadRequest wire,
      ToLoadRequest("minilm", {{"strict", false},
                               {"num_hidden_layers", int64_t{3}},
                               {"architecture", "BertModel"}}));
  EXPECT_EQ(wire.model_name(), "minilm");
  EXPECT_FALSE(wire.parameters().at("strict").bool_param());
  EXPECT_EQ(wire.parameters().at("num_hidden_layers").int64_param(), 3);
  EXPECT_EQ(wire.parameters().at("architecture").string_param(), "BertModel");

  const auto refused = ToLoadRequest("minilm", {{"strict", 0.5}});
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument,
                                HasSubstr("'strict' is a floating-point")));
  EXPECT_EQ(FieldOf(refused.status()), "strict");
}

TEST(WireTest, ConfigurationsNameDatatypesAsRequestsDo) {
  oip::ModelConfigResponse response;
  oip::ModelInput& ids = *response.mutable_config()->add_input();
  ids.set_data_type(oip::TYPE_INT64);
  ids.add_dims(-1);
  oip::ModelInput& text = *response.mutable_config()->add_input();
  text.set_data_type(oip::TYPE_STRING);
  text.set_optional(true);

  const ModelConfiguration config = FromWire(response);

  EXPECT_EQ(config.inputs[0].datatype, "INT64");
  EXPECT_THAT(config.inputs[0].shape, ElementsAre(-1));
  EXPECT_FALSE(config.inputs[0].optional);
  EXPECT_EQ(config.inputs[1].datatype, "BYTES");
  EXPECT_TRUE(config.inputs[1].optional);
}

TEST(WireTest, ResultsAreFoundByName) {
  InferResult result;
  result.outputs.push_back({"logits", StringTensor{{1}, {"a"}}});

  EXPECT_EQ(result.Find("logits"), &result.outputs[0].tensor);
  EXPECT_EQ(result.Find("Logits"), nullptr);
}

}  // namespace
}  // namespace transformerd
