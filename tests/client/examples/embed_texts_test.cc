#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/client/examples/run_example.h"
#include "tests/fakes/fake_inference_server.h"

namespace transformerd {
namespace {

TEST(EmbedTextsTest, PrintsHowAlikeTextsAreToTheFirst) {
  FakeInferenceServer server;

  const ProgramResult result = RunExample(absl::StrCat(
      "embed_texts ", server.address(), " echo 'a a' a 'a b b a' c"));

  EXPECT_EQ(result.wait_status, 0);
  EXPECT_EQ(result.output,
            "1 (4 tokens) a a\n"
            "1 (3 tokens) a\n"
            "0.707107 (6 tokens) a b b a\n"
            "0 (3 tokens) c\n");
  EXPECT_EQ(server.num_calls("Embed"), 1);
}

TEST(EmbedTextsTest, PrintsTheErrorOfAFailedCall) {
  FakeInferenceServer server;

  const ProgramResult result =
      RunExample(absl::StrCat("embed_texts ", server.address(), " other a"));

  EXPECT_NE(result.wait_status, 0);
  EXPECT_EQ(result.output, "NOT_FOUND: no model 'other'\n");
}

}  // namespace
}  // namespace transformerd
