#include "client/wire_text.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;

TEST(WireTextTest, AnEmbedRequestIsSentWhole) {
  ASSERT_OK_AND_ASSIGN(const v1::EmbedRequest wire,
                       ToWire(EmbedRequest{"minilm", "2", {"é", ""}, true}));

  EXPECT_EQ(wire.model(), "minilm");
  EXPECT_EQ(wire.version(), "2");
  EXPECT_THAT(wire.text(), ElementsAre("é", ""));
  EXPECT_TRUE(wire.truncate());
}

TEST(WireTextTest, ATokenizeRequestIsSentWhole) {
  ASSERT_OK_AND_ASSIGN(
      const v1::TokenizeRequest wire,
      ToWire(TokenizeRequest{"minilm", "2", {"a", "b"}, {"c", "d"}}));

  EXPECT_EQ(wire.model(), "minilm");
  EXPECT_EQ(wire.version(), "2");
  EXPECT_THAT(wire.text(), ElementsAre("a", "b"));
  EXPECT_THAT(wire.text_pair(), ElementsAre("c", "d"));
}

TEST(WireTextTest, PairsAreNoneOrOneForEachText) {
  EXPECT_THAT(ToWire(TokenizeRequest{"m", "", {"a", "b"}, {}}), IsOk());

  const absl::Status status =
      ToWire(TokenizeRequest{"m", "", {"a", "b"}, {"c"}}).status();

  EXPECT_THAT(
      status,
      StatusIs(absl::StatusCode::kInvalidArgument,
               "1 text pairs for 2 texts; give none, or one for each text"));
  EXPECT_EQ(FieldOf(status), "text_pair");
}

TEST(WireTextTest, APairThatIsNotUtf8IsNamed) {
  const absl::Status status =
      ToWire(TokenizeRequest{"m", "", {"a"}, {"ab\xc3"}}).status();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               "text_pair[0] is not UTF-8: byte 2 is 0xc3"));
  EXPECT_EQ(FieldOf(status), "text_pair");
}

v1::EmbedResponse Embeddings(const std::vector<std::vector<float>>& rows) {
  v1::EmbedResponse response;
  for (const auto& row : rows) {
    v1::Embedding& embedding = *response.add_embeddings();
    embedding.mutable_values()->Assign(row.begin(), row.end());
    embedding.set_num_tokens(3);
  }
  return response;
}

TEST(WireTextTest, EmbeddingsKeepValuesAndTokens) {
  ASSERT_OK_AND_ASSIGN(const EmbedResult result,
                       FromWire(Embeddings({{0.5f, -1}, {0, 2}}), 2));

  EXPECT_THAT(result.embeddings[1].values, ElementsAre(0, 2));
  EXPECT_EQ(result.embeddings[1].num_tokens, 3);
}

TEST(WireTextTest, AnEmbeddingIsMissing) {
  EXPECT_THAT(FromWire(Embeddings({{1}, {2}}), 3),
              StatusIs(absl::StatusCode::kInternal,
                       "the server sent 2 embeddings for 3 texts"));
}

TEST(WireTextTest, EmbeddingsDifferInWidth) {
  EXPECT_THAT(FromWire(Embeddings({{1, 2}, {2}}), 2),
              StatusIs(absl::StatusCode::kInternal,
                       "the server sent embeddings of 2 values and of 1"));
}

v1::TokenizeResponse OneToken() {
  v1::TokenizeResponse response;
  v1::Encoding& encoding = *response.add_encodings();
  encoding.add_ids(7592);
  encoding.add_tokens("hello");
  encoding.add_type_ids(1);
  encoding.add_offsets()->set_end(5);
  return response;
}

TEST(WireTextTest, EncodingsKeepAllOfAToken) {
  ASSERT_OK_AND_ASSIGN(const TokenizeResult result, FromWire(OneToken(), 1));

  ASSERT_EQ(result.encodings.size(), 1);
  EXPECT_THAT(result.encodings[0].ids, ElementsAre(7592));
  EXPECT_THAT(result.encodings[0].tokens, ElementsAre("hello"));
  EXPECT_THAT(result.encodings[0].type_ids, ElementsAre(1));
  EXPECT_EQ(result.encodings[0].offsets[0].begin, 0);
  EXPECT_EQ(result.encodings[0].offsets[0].end, 5);
}

TEST(WireTextTest, ATokenLacksItsOffset) {
  v1::TokenizeResponse response = OneToken();
  response.mutable_encodings(0)->clear_offsets();

  EXPECT_THAT(FromWire(response, 1),
              StatusIs(absl::StatusCode::kInternal,
                       "the server sent an encoding of 1 ids with 1 tokens, 1 "
                       "type ids and 0 offsets"));
}

TEST(WireTextTest, AnEncodingIsTooMany) {
  EXPECT_THAT(FromWire(OneToken(), 0),
              StatusIs(absl::StatusCode::kInternal,
                       "the server sent 1 encodings for 0 texts"));
}

}  // namespace
}  // namespace transformerd
