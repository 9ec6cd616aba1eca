// ModelInfer of text: the way of the texts. infer_call_test.cc has the rest.
#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "server/services/infer_call.h"
#include "tests/matchers/status_matchers.h"
#include "tests/server/services/infer_requests.h"
#include "tests/server/services/test_server.h"

namespace transformerd {
namespace {

using inference::ModelInferRequest;
using inference::ModelInferResponse;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Stub = inference::GRPCInferenceService::Stub;

class InferTextTest : public testing::Test {
 protected:
  InferTextTest() {
    server_.models().TakeText();
    EXPECT_THAT(server_.Load("bert"), IsOk());
  }

  static ModelInferRequest RequestOf(const std::vector<std::string>& texts) {
    ModelInferRequest request;
    request.set_model_name("bert");
    AddTexts(request, "text", {static_cast<int64_t>(texts.size())}, texts);
    return request;
  }

  TestServer server_;
};

TEST_F(InferTextTest, AnswersRowsAsWideAsTheLongest) {
  ASSERT_OK_AND_ASSIGN(const ModelInferResponse answer,
                       server_.Infer(RequestOf({"5", "6 7"})));

  EXPECT_THAT(answer.outputs(0).shape(), ElementsAre(2, 4, 2));
  EXPECT_THAT(answer.outputs(0).contents().fp32_contents(),
              ElementsAre(1, 1.5, 5, 5.5, 2, 2.5, 0, 0,  //
                          1, 1.5, 6, 6.5, 7, 7.5, 2, 2.5));
  EXPECT_THAT(answer.outputs(1).contents().fp32_contents(),
              ElementsAre(8, 9.5, 16, 18));
}

TEST_F(InferTextTest, AnswersRawTextsRaw) {
  ModelInferRequest request;
  request.set_model_name("bert");
  AddInput(request, "text", "BYTES", {1, 1});
  request.add_raw_input_contents(std::string("\1\0\0\0005", 5));

  ASSERT_OK_AND_ASSIGN(const ModelInferResponse answer, server_.Infer(request));

  EXPECT_EQ(answer.raw_output_contents(0).size(), 3 * 2 * sizeof(float));
}

TEST_F(InferTextTest, TakesPairs) {
  ModelInferRequest request = RequestOf({"7"});
  AddTexts(request, "text_pair", {1}, {"8"});

  ASSERT_OK_AND_ASSIGN(const ModelInferResponse answer, server_.Infer(request));

  EXPECT_THAT(answer.outputs(1).contents().fp32_contents(),
              ElementsAre(20, 22.5));
}

TEST_F(InferTextTest, TruncatesWhereTheRequestSaysSo) {
  ModelInferRequest request = RequestOf({"1 2 3 4 5 6 7 8 9"});
  EXPECT_THAT(server_.Infer(request),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("text 0 has 11 tokens")));

  (*request.mutable_parameters())["truncate"].set_bool_param(true);

  ASSERT_OK_AND_ASSIGN(const ModelInferResponse answer, server_.Infer(request));
  EXPECT_THAT(answer.outputs(0).shape(), ElementsAre(1, 8, 2));
}

TEST_F(InferTextTest, StillTakesTokens) {
  ModelInferRequest request;
  request.set_model_name("bert");
  AddTyped(request, "input_ids", {1, 2}, {3, 4});

  EXPECT_THAT(server_.Infer(request), IsOk());
}

TEST_F(InferTextTest, WantsEitherTokensOrText) {
  ModelInferRequest both = RequestOf({"5"});
  AddTyped(both, "input_ids", {1, 2}, {3, 4});
  ModelInferRequest neither;
  neither.set_model_name("bert");
  ModelInferRequest pair_alone;
  pair_alone.set_model_name("bert");
  AddTexts(pair_alone, "text_pair", {1}, {"5"});

  EXPECT_THAT(server_.Infer(both),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("expected either tokens or text")));
  EXPECT_THAT(server_.Infer(neither),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("input 'input_ids' is missing; the model "
                                 "takes 'input_ids', 'attention_mask', "
                                 "'token_type_ids', 'text', 'text_pair'")));
  EXPECT_THAT(server_.Infer(pair_alone),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("input 'text' is missing")));
}

TEST_F(InferTextTest, SaysWhatAModelWithoutTokenizerLacks) {
  TestServer without;
  ASSERT_THAT(without.Load("bert"), IsOk());

  const absl::Status status = without.Infer(RequestOf({"5"})).status();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               HasSubstr("unknown input 'text' (text needs a "
                                         "tokenizer.json in the model's "
                                         "folder)")));
  EXPECT_EQ(FieldOf(status), "text");
}

TEST_F(InferTextTest, AdvertisesText) {
  inference::ModelMetadataRequest metadata_request;
  metadata_request.set_name("bert");
  ASSERT_OK_AND_ASSIGN(const auto metadata,
                       server_.Call(&Stub::ModelMetadata, metadata_request));
  inference::ModelConfigRequest config_request;
  config_request.set_name("bert");
  ASSERT_OK_AND_ASSIGN(const auto config,
                       server_.Call(&Stub::ModelConfig, config_request));

  const auto& text = metadata.inputs(3);
  EXPECT_EQ(text.name(), "text");
  EXPECT_EQ(text.datatype(), "BYTES");
  EXPECT_THAT(text.shape(), ElementsAre(-1, 1));
  EXPECT_TRUE(config.config().input(0).optional());
  EXPECT_EQ(config.config().input(3).data_type(), inference::TYPE_STRING);
  EXPECT_THAT(config.config().input(3).dims(), ElementsAre(1));
  EXPECT_EQ(config.config().parameters().at("max_text_tokens").string_value(),
            "8");
}

}  // namespace
}  // namespace transformerd
