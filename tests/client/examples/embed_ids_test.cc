#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/client/examples/run_example.h"
#include "tests/fakes/fake_inference_server.h"

namespace transformerd {
namespace {

TEST(EmbedIdsTest, PrintsTheEmbeddingOfEachRow) {
  FakeInferenceServer server;
  inference::ModelInferResponse answer;
  auto& output = *answer.add_outputs();
  output.set_name("sentence_embedding");
  output.set_datatype("FP32");
  output.add_shape(2);
  output.add_shape(3);
  const float values[] = {0.5f, 0, 0, -0.25f, 0, 0};
  answer.add_raw_output_contents(values, sizeof(values));
  server.SetAnswer(answer);

  const ProgramResult result =
      RunExample(absl::StrCat("embed_ids ", server.address(), " minilm"));

  EXPECT_EQ(result.wait_status, 0);
  EXPECT_EQ(result.output,
            "row 0: 3 values from 0.5\n"
            "row 1: 3 values from -0.25\n");
  EXPECT_EQ(server.last_infer().model_name(), "minilm");
  EXPECT_EQ(server.last_infer().outputs(0).name(), "sentence_embedding");
}

TEST(EmbedIdsTest, PrintsTheErrorOfAFailedCall) {
  FakeInferenceServer server;
  server.FailNext(absl::NotFoundError("no model 'minilm'"));

  const ProgramResult result =
      RunExample(absl::StrCat("embed_ids ", server.address(), " minilm"));

  EXPECT_NE(result.wait_status, 0);
  EXPECT_EQ(result.output, "NOT_FOUND: no model 'minilm'\n");
}

}  // namespace
}  // namespace transformerd
