#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/client/examples/run_example.h"
#include "tests/fakes/fake_inference_server.h"

namespace transformerd {
namespace {

TEST(EmbedLinesTest, PrintsTheEmbeddingOfEachLineInOrder) {
  FakeInferenceServer server;

  const ProgramResult result = RunExample(
      absl::StrCat("embed_lines ", server.address(), " echo"), "d d\na\n\nd");

  EXPECT_EQ(result.wait_status, 0);
  EXPECT_EQ(result.output,
            "d d: 4 values from 2\n"
            "a: 4 values from 0\n"
            ": 4 values from 0\n"
            "d: 4 values from 1\n");
  EXPECT_EQ(server.num_calls("Embed"), 4);
}

TEST(EmbedLinesTest, EndsWithTheErrorOfTheFirstFailedCall) {
  FakeInferenceServer server;

  const ProgramResult result = RunExample(
      absl::StrCat("embed_lines ", server.address(), " other"), "a\n");

  EXPECT_NE(result.wait_status, 0);
  EXPECT_EQ(result.output, "NOT_FOUND: no model 'other'\n");
}

}  // namespace
}  // namespace transformerd
