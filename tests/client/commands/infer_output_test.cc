#include "client/commands/infer_output.h"

#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace transformerd {
namespace {

InferResult SomeResult() {
  const float embedding[] = {0.5f, -0.25f, 3.0f, 1e-7f, 2.0f, 0.0f};
  const int64_t counts[] = {4, 5};
  InferResult result;
  result.model = "minilm";
  result.version = "1";
  result.outputs = {{"sentence_embedding", MakeTensor({2, 3}, embedding)},
                    {"counts", MakeTensor({2}, counts)},
                    {"labels", StringTensor{{1, 1}, {"a\x1b"}}}};
  return result;
}

TEST(InferOutputTest, ShowsTheFirstValuesOfEachRow) {
  EXPECT_EQ(InferResultAsText(SomeResult(), 2),
            "sentence_embedding FP32 [2,3]\n"
            "  0.5 -0.25 ...\n"
            "  1e-07 2 ...\n"
            "counts INT64 [2]\n"
            "  4 5\n"
            "labels BYTES [1,1]\n"
            "  \"a \"\n");
}

TEST(InferOutputTest, ShowsAllValuesForZero) {
  InferResult result = SomeResult();
  result.outputs.resize(1);

  EXPECT_EQ(InferResultAsText(result, 0),
            "sentence_embedding FP32 [2,3]\n"
            "  0.5 -0.25 3\n"
            "  1e-07 2 0\n");
}

TEST(InferOutputTest, EmptyTensorsHaveNoRows) {
  InferResult result;
  result.outputs = {{"x", HostTensor(DType::kF32, {0, 3})}};

  EXPECT_EQ(InferResultAsText(result, 8), "x FP32 [0,3]\n");
}

TEST(InferOutputTest, JsonHoldsAllValues) {
  const auto json = nlohmann::json::parse(InferResultAsJson(SomeResult()));

  EXPECT_EQ(json["model_name"], "minilm");
  EXPECT_EQ(json["model_version"], "1");
  const auto& output = json["outputs"][0];
  EXPECT_EQ(output["name"], "sentence_embedding");
  EXPECT_EQ(output["datatype"], "FP32");
  EXPECT_EQ(output["shape"], (std::vector<int>{2, 3}));
  EXPECT_EQ(output["data"].size(), 6);
  EXPECT_EQ(output["data"][1], -0.25);
  EXPECT_EQ(json["outputs"][2]["data"][0], "a\x1b");
}

}  // namespace
}  // namespace transformerd
