#include "server/services/text_service.h"

#include <future>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "tests/matchers/status_matchers.h"
#include "tests/server/services/test_server.h"

namespace transformerd {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using Stub = v1::TextService::Stub;

v1::EmbedRequest EmbedRequestOf(const std::vector<std::string>& texts) {
  v1::EmbedRequest request;
  request.set_model("bert");
  for (const std::string& text : texts) request.add_text(text);
  return request;
}

v1::TokenizeRequest TokenizeRequestOf(const std::vector<std::string>& texts) {
  v1::TokenizeRequest request;
  request.set_model("bert");
  for (const std::string& text : texts) request.add_text(text);
  return request;
}

// A server with "bert" ready, which takes text.
class TextServiceTest : public testing::Test {
 protected:
  TextServiceTest() { Start({}); }

  void Start(const TestServer::Options& options) {
    server_.emplace(options);
    server_->models().TakeText();
    EXPECT_THAT(server_->Load("bert"), IsOk());
  }

  absl::StatusOr<v1::EmbedResponse> Embed(
      const v1::EmbedRequest& request, grpc::ClientContext* context = nullptr) {
    return server_->Call(&Stub::Embed, request, context);
  }
  std::future<absl::StatusOr<v1::EmbedResponse>> EmbedLater(
      const v1::EmbedRequest& request, grpc::ClientContext* context = nullptr) {
    return std::async(std::launch::async, [this, request, context] {
      return Embed(request, context);
    });
  }
  absl::StatusOr<v1::TokenizeResponse> Tokenize(
      const v1::TokenizeRequest& request) {
    return server_->Call(&Stub::Tokenize, request);
  }

  std::optional<TestServer> server_;
};

TEST_F(TextServiceTest, EmbedsEachText) {
  ASSERT_OK_AND_ASSIGN(const v1::EmbedResponse answer,
                       Embed(EmbedRequestOf({"5 6", ""})));

  EXPECT_EQ(answer.model(), "bert");
  EXPECT_EQ(answer.version(), "1");
  ASSERT_THAT(answer.embeddings(), SizeIs(2));
  // The sum over the tokens 1 5 6 2, each with a half in the second place.
  EXPECT_THAT(answer.embeddings(0).values(), ElementsAre(14, 16));
  EXPECT_EQ(answer.embeddings(0).num_tokens(), 4);
  EXPECT_THAT(answer.embeddings(1).values(), ElementsAre(3, 4));
  EXPECT_EQ(answer.embeddings(1).num_tokens(), 2);
}

TEST_F(TextServiceTest, EmbedsThousandsOfTextsInOrder) {
  TestServer::Options options;
  options.serving.max_batch_requests = 64;
  Start(options);
  std::vector<std::string> texts;
  for (int i = 0; i < 2000; ++i) texts.push_back(std::to_string(i % 97 + 3));

  ASSERT_OK_AND_ASSIGN(const v1::EmbedResponse answer,
                       Embed(EmbedRequestOf(texts)));

  ASSERT_THAT(answer.embeddings(), SizeIs(2000));
  for (int i = 0; i < 2000; ++i) {
    EXPECT_EQ(answer.embeddings(i).values(0), i % 97 + 3 + 3) << i;
  }
  EXPECT_EQ(server_->models().batches().size(), 2000u / 64 + 1);
}

TEST_F(TextServiceTest, RefusesWhatIsTooLongUnlessItMayBeCut) {
  v1::EmbedRequest request = EmbedRequestOf({"5", "1 2 3 4 5 6 7 8"});

  const absl::Status refused = Embed(request).status();
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument,
                                HasSubstr("text 1 has 10 tokens, the model "
                                          "takes at most 8")));
  EXPECT_EQ(FieldOf(refused), "text");

  request.set_truncate(true);
  ASSERT_OK_AND_ASSIGN(const v1::EmbedResponse answer, Embed(request));
  EXPECT_EQ(answer.embeddings(1).num_tokens(), 8);
}

TEST_F(TextServiceTest, WantsAText) {
  EXPECT_THAT(Embed(EmbedRequestOf({})),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("no text, expected at least one")));
  EXPECT_THAT(Tokenize(TokenizeRequestOf({})),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(TextServiceTest, SaysThatAStringIsNotUtf8) {
  // A client that does not check: fields 1 "bert" and 3 two stray bytes.
  grpc::ByteBuffer wire;
  {
    const grpc::Slice slice(
        std::string("\x0a\x04"
                    "bert"
                    "\x1a\x02\xff\xfe"));
    wire = grpc::ByteBuffer(&slice, 1);
  }

  EXPECT_THAT(server_->CallRaw("/transformerd.v1.TextService/Embed", wire),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("the request is no "
                                 "transformerd.v1.EmbedRequest: malformed, or "
                                 "with a string that is not UTF-8")));
}

TEST_F(TextServiceTest, NamesUnknownModelsAndVersions) {
  v1::EmbedRequest request = EmbedRequestOf({"5"});
  request.set_model("nobody");
  EXPECT_THAT(Embed(request),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("'nobody'")));
  request.set_model("bert");
  request.set_version("7");
  EXPECT_THAT(Embed(request), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(TextServiceTest, SaysWhyAModelTakesNoText) {
  TestServer without;
  ASSERT_THAT(without.Load("bert"), IsOk());

  EXPECT_THAT(without.Call(&Stub::Embed, EmbedRequestOf({"5"})),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("no tokenizer.json")));
  EXPECT_THAT(without.Call(&Stub::Tokenize, TokenizeRequestOf({"5"})),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("no tokenizer.json")));
}

TEST_F(TextServiceTest, TokenizesWithDetails) {
  ASSERT_OK_AND_ASSIGN(const v1::TokenizeResponse answer,
                       Tokenize(TokenizeRequestOf({"7 abc", ""})));

  ASSERT_THAT(answer.encodings(), SizeIs(2));
  const v1::Encoding& encoding = answer.encodings(0);
  EXPECT_THAT(encoding.ids(), ElementsAre(1, 7, 3, 2));
  EXPECT_THAT(encoding.tokens(), ElementsAre("[begin]", "7", "abc", "[end]"));
  EXPECT_THAT(encoding.type_ids(), ElementsAre(0, 0, 0, 0));
  ASSERT_THAT(encoding.offsets(), SizeIs(4));
  EXPECT_EQ(encoding.offsets(2).begin(), 2);
  EXPECT_EQ(encoding.offsets(2).end(), 5);
  EXPECT_THAT(answer.encodings(1).ids(), ElementsAre(1, 2));
}

TEST_F(TextServiceTest, TokenizesPairs) {
  v1::TokenizeRequest request = TokenizeRequestOf({"7"});
  request.add_text_pair("8");

  ASSERT_OK_AND_ASSIGN(const v1::TokenizeResponse answer, Tokenize(request));

  EXPECT_THAT(answer.encodings(0).ids(), ElementsAre(1, 7, 2, 8, 2));
  EXPECT_THAT(answer.encodings(0).type_ids(), ElementsAre(0, 0, 0, 1, 1));

  request.add_text("9");
  EXPECT_THAT(Tokenize(request),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("1 in text_pair, expected 2")));
}

TEST_F(TextServiceTest, TokenizesTextsLongerThanTheModelTakes) {
  ASSERT_OK_AND_ASSIGN(
      const v1::TokenizeResponse answer,
      Tokenize(TokenizeRequestOf({"1 2 3 4 5 6 7 8 9 10 11 12"})));

  EXPECT_THAT(answer.encodings(0).ids(), SizeIs(14));
}

TEST_F(TextServiceTest, BoundsTheTextThatOneCallTokenizes) {
  const std::vector<std::string> texts(17, std::string(1 << 20, 'a'));

  EXPECT_THAT(Tokenize(TokenizeRequestOf(texts)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("the texts have 17825792 bytes, expected at "
                                 "most 16777216 in a call")));
}

TEST_F(TextServiceTest, RefusesWhatIsLargerThanTheFlagAllows) {
  TestServer::Options options;
  options.max_request_bytes = 10;
  Start(options);

  EXPECT_THAT(Embed(EmbedRequestOf({"0123456789"})),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       HasSubstr("--max_request_bytes is 10")));
}

TEST_F(TextServiceTest, AFullQueueRefusesWithARetryDelay) {
  TestServer::Options options;
  options.serving.max_queue_requests = 1;
  Start(options);
  server_->models().Block();
  auto running = EmbedLater(EmbedRequestOf({"5"}));
  server_->models().AwaitBatches(1);
  auto waiting = EmbedLater(EmbedRequestOf({"6"}));
  server_->AwaitQueued(1);

  const absl::Status refused = Embed(EmbedRequestOf({"7"})).status();

  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted,
                                HasSubstr("--max_queue_requests is 1")));
  EXPECT_TRUE(RetryDelayOf(refused).has_value());
  server_->models().Unblock();
  EXPECT_THAT(running.get(), IsOk());
  EXPECT_THAT(waiting.get(), IsOk());
}

TEST_F(TextServiceTest, TextsThatAreRefusedAreCounted) {
  TestServer::Options options;
  options.serving.max_queue_requests = 1;
  Start(options);
  server_->models().BlockTexts();
  auto running = EmbedLater(EmbedRequestOf({"5"}));
  server_->models().AwaitTexts(1);

  for (const absl::Status& refused :
       {Embed(EmbedRequestOf({"6"})).status(),
        Tokenize(TokenizeRequestOf({"6"})).status()}) {
    EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted,
                                  HasSubstr("1 calls with texts wait, "
                                            "--max_queue_requests is 1")));
  }

  EXPECT_THAT(server_->metrics().Expose(),
              HasSubstr("transformerd_rejected_total{model=\"bert\",reason="
                        "\"queue_requests\",version=\"1\"} 2"));
  server_->models().UnblockTexts();
  EXPECT_THAT(running.get(), IsOk());
}

TEST_F(TextServiceTest, TextsThatNobodyWaitsForAreCounted) {
  server_->models().BlockTexts();
  auto stopped = EmbedLater(EmbedRequestOf({"5", "6"}));
  server_->models().AwaitTexts(1);

  server_->text_pool().Stop();
  server_->models().UnblockTexts();

  EXPECT_THAT(stopped.get(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(server_->metrics().Expose(),
              HasSubstr("transformerd_cancelled_total{model=\"bert\",stage="
                        "\"text\",version=\"1\"} 1"));
}

TEST_F(TextServiceTest, AClientThatLeavesIsNotComputed) {
  server_->models().Block();
  auto running = EmbedLater(EmbedRequestOf({"5"}));
  server_->models().AwaitBatches(1);
  grpc::ClientContext context;
  auto left = EmbedLater(EmbedRequestOf({"6"}), &context);
  server_->AwaitQueued(1);

  context.TryCancel();

  EXPECT_THAT(left.get(), StatusIs(absl::StatusCode::kCancelled));
  server_->AwaitNoneQueued();
  server_->models().Unblock();
  EXPECT_THAT(running.get(), IsOk());
  EXPECT_EQ(server_->models().batches().size(), 1u);
}

TEST_F(TextServiceTest, ARefusedTextLeavesTheModelFreeToBeUnloaded) {
  ASSERT_FALSE(Embed(EmbedRequestOf({"1 2 3 4 5 6 7 8"})).ok());
  ASSERT_FALSE(Embed(EmbedRequestOf({"panic"})).ok());

  EXPECT_THAT(server_->Unload("bert"), IsOk());
  EXPECT_EQ(server_->models().live_models(), 0);
}

TEST_F(TextServiceTest, RefusesNewCallsWhileTheServerDrains) {
  server_->scheduler().Drain();

  for (const absl::Status& status :
       {Embed(EmbedRequestOf({"5"})).status(),
        Tokenize(TokenizeRequestOf({"5"})).status()}) {
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
    EXPECT_TRUE(RetryDelayOf(status).has_value());
  }
}

TEST_F(TextServiceTest, CountsItsCalls) {
  ASSERT_THAT(Embed(EmbedRequestOf({"5"})), IsOk());
  ASSERT_FALSE(Tokenize(TokenizeRequestOf({})).ok());

  const std::string metrics = server_->metrics().Expose();

  EXPECT_THAT(
      metrics,
      AllOf(
          HasSubstr("transformerd_requests_total{code=\"OK\",method=\"Embed\","
                    "model=\"bert\",version=\"1\"} 1"),
          HasSubstr("method=\"Tokenize\"")));
}

}  // namespace
}  // namespace transformerd
