#include "client/text_calls.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "client/client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "tests/fakes/fake_inference_server.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Through Client, as programs make these calls.
class TextCallsTest : public ::testing::Test {
 protected:
  TextCallsTest() : client_(*Client::Create({server_.address()})) {}

  FakeInferenceServer server_;
  std::unique_ptr<Client> client_;
};

TEST_F(TextCallsTest, EmbedsEachText) {
  ASSERT_OK_AND_ASSIGN(const EmbedResult result,
                       client_->Embed({"echo", "", {"a b a", ""}}));

  EXPECT_EQ(result.model, "echo");
  EXPECT_EQ(result.version, "1");
  ASSERT_EQ(result.embeddings.size(), 2);
  EXPECT_THAT(result.embeddings[0].values, ElementsAre(0, 2, 1, 0));
  EXPECT_EQ(result.embeddings[0].num_tokens, 5);
  EXPECT_THAT(result.embeddings[1].values, ElementsAre(0, 0, 0, 0));
  EXPECT_EQ(result.embeddings[1].num_tokens, 2);
}

TEST_F(TextCallsTest, EmbedsWithTheVersionThatIsAskedFor) {
  ASSERT_OK_AND_ASSIGN(const EmbedResult result,
                       client_->Embed({"echo", "7", {"a"}}));

  EXPECT_EQ(result.version, "7");
}

TEST_F(TextCallsTest, CutsLongTextsOnDemandOnly) {
  EmbedRequest request = {"echo", "", {"a a a a a a a a a"}};

  EXPECT_THAT(client_->Embed(request),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "text[0] has 11 tokens; the model takes 8"));
  request.truncate = true;
  ASSERT_OK_AND_ASSIGN(const EmbedResult result, client_->Embed(request));
  EXPECT_EQ(result.embeddings[0].num_tokens, 8);
}

TEST_F(TextCallsTest, TokenizesEachTextWithItsPair) {
  ASSERT_OK_AND_ASSIGN(
      const TokenizeResult result,
      client_->Tokenize({"echo", "", {"a", "é b"}, {"", "c"}}));

  ASSERT_EQ(result.encodings.size(), 2);
  const TextEncoding& second = result.encodings[1];
  EXPECT_THAT(second.tokens,
              ElementsAre("[CLS]", "é", "b", "[SEP]", "c", "[SEP]"));
  EXPECT_THAT(second.ids, ElementsAre(101, 1195, 1098, 102, 1099, 102));
  EXPECT_THAT(second.type_ids, ElementsAre(0, 0, 0, 0, 1, 1));
  EXPECT_EQ(second.offsets[2].begin, 2);
  EXPECT_EQ(second.offsets[2].end, 3);
}

TEST_F(TextCallsTest, NoTextsHaveNoAnswers) {
  ASSERT_OK_AND_ASSIGN(const EmbedResult embedded,
                       client_->Embed({"echo", "", {}}));
  ASSERT_OK_AND_ASSIGN(const TokenizeResult tokenized,
                       client_->Tokenize({"echo", "", {}}));

  EXPECT_THAT(embedded.embeddings, IsEmpty());
  EXPECT_THAT(tokenized.encodings, IsEmpty());
}

TEST_F(TextCallsTest, TakesAnswersOverTheDefaultLimitOfGrpc) {
  std::string text;
  for (int i = 0; i < 500000; ++i) text += "a ";

  ASSERT_OK_AND_ASSIGN(const TokenizeResult result,
                       client_->Tokenize({"echo", "", {text}}));

  EXPECT_EQ(result.encodings[0].ids.size(), 500002);
}

TEST_F(TextCallsTest, WhatIsNotUtf8IsNotSent) {
  const absl::Status status =
      client_->Embed({"echo", "", {"a", "b\xff"}}).status();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               "text[1] is not UTF-8: byte 1 is 0xff"));
  EXPECT_EQ(FieldOf(status), "text");
  EXPECT_EQ(server_.num_calls("Embed"), 0);
}

TEST_F(TextCallsTest, ErrorsKeepCodeMessageAndDetails) {
  server_.FailNext(
      WithField(absl::FailedPreconditionError("no tokenizer.json"), "text"));

  const absl::Status status = client_->Tokenize({"echo", "", {"a"}}).status();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition,
                               "no tokenizer.json"));
  EXPECT_EQ(FieldOf(status), "text");
}

TEST_F(TextCallsTest, RepeatsCallsWhileUnavailable) {
  server_.FailNext(absl::UnavailableError("loading"), 2);
  EXPECT_THAT(client_->Embed({"echo", "", {"a"}}), IsOk());
  EXPECT_EQ(server_.num_calls("Embed"), 3);

  server_.FailNext(absl::UnavailableError("loading"), 2);
  EXPECT_THAT(client_->Tokenize({"echo", "", {"a"}}), IsOk());
  EXPECT_EQ(server_.num_calls("Tokenize"), 3);
}

TEST_F(TextCallsTest, CallsEndAtTheirDeadline) {
  server_.HoldInference();

  EXPECT_THAT(client_->Embed({"echo", "", {"a"}}, {absl::Milliseconds(20)}),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(client_->Tokenize({"echo", "", {"a"}}, {absl::Milliseconds(20)}),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST_F(TextCallsTest, EmbedsWithoutBlocking) {
  absl::Notification done;
  absl::StatusOr<EmbedResult> result;

  client_->EmbedAsync({"echo", "", {"a"}}, {},
                      [&](absl::StatusOr<EmbedResult> r) {
                        result = std::move(r);
                        done.Notify();
                      });

  done.WaitForNotification();
  ASSERT_THAT(result, IsOk());
  EXPECT_THAT(result->embeddings[0].values, ElementsAre(0, 1, 0, 0));
}

TEST_F(TextCallsTest, TokenizesWithoutBlocking) {
  absl::Notification done;
  absl::StatusOr<TokenizeResult> result;

  client_->TokenizeAsync({"echo", "", {"a"}}, {},
                         [&](absl::StatusOr<TokenizeResult> r) {
                           result = std::move(r);
                           done.Notify();
                         });

  done.WaitForNotification();
  ASSERT_THAT(result, IsOk());
  EXPECT_THAT(result->encodings[0].ids, ElementsAre(101, 1097, 102));
}

TEST_F(TextCallsTest, CallsBackWithTheErrorOfTheServer) {
  absl::Notification done;
  absl::Status status;

  client_->EmbedAsync({"other", "", {"a"}}, {},
                      [&](absl::StatusOr<EmbedResult> r) {
                        status = r.status();
                        done.Notify();
                      });

  done.WaitForNotification();
  EXPECT_THAT(status,
              StatusIs(absl::StatusCode::kNotFound, "no model 'other'"));
}

TEST_F(TextCallsTest, CallsBackAtOnceWithWhatCannotBeSent) {
  absl::Status status;

  client_->TokenizeAsync(
      {"echo", "", {"a"}, {"b", "c"}}, {},
      [&](absl::StatusOr<TokenizeResult> r) { status = r.status(); });

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               HasSubstr("2 text pairs for 1 texts")));
  EXPECT_EQ(server_.num_calls("Tokenize"), 0);
}

TEST_F(TextCallsTest, TheDestructorCancelsAndWaits) {
  server_.HoldInference();
  absl::Status status;
  client_->EmbedAsync(
      {"echo", "", {"a"}}, {absl::InfiniteDuration()},
      [&](absl::StatusOr<EmbedResult> r) { status = r.status(); });
  server_.AwaitHeldInference();

  client_.reset();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(TextCallsTest, ACallbackOfTheDestructorCanStartNoCall) {
  server_.HoldInference();
  Client& client = *client_;
  absl::Status status;
  client.EmbedAsync({"echo", "", {"a"}}, {absl::InfiniteDuration()},
                    [&](const absl::StatusOr<EmbedResult>&) {
                      client.EmbedAsync({"echo", "", {"b"}}, {},
                                        [&](absl::StatusOr<EmbedResult> r) {
                                          status = r.status();
                                        });
                    });
  server_.AwaitHeldInference();

  client_.reset();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kCancelled,
                               "the client is being destroyed"));
  EXPECT_EQ(server_.num_calls("Embed"), 1);
}

}  // namespace
}  // namespace transformerd
