#include "model/runtime/pipeline.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "glog/logging.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Architecture Module(SeedRecipe recipe, int64_t max_sequence_length = 100) {
  Architecture architecture;
  architecture.seed = std::move(recipe);
  architecture.max_sequence_length = max_sequence_length;
  return architecture;
}

Architecture Embeddings() {
  TransformerEmbeddingsRecipe recipe;
  recipe.vocab_size = 10;
  recipe.embedding_size = 4;
  return Module(recipe, /*max_sequence_length=*/8);
}

Architecture Stack() {
  TransformerStackRecipe recipe;
  recipe.layer.attention.hidden_size = 4;
  recipe.layer.attention.num_attention_heads = 2;
  recipe.num_hidden_layers = 1;
  return Module(recipe);
}

Architecture Pooler() { return Module(TransformerPoolerRecipe{4, 3}); }

Pipeline Make(const std::vector<Architecture>& parts) {
  std::vector<std::string> titles(parts.size(), "a part");
  auto pipeline = MakePipeline(parts, titles);
  CHECK(pipeline.ok()) << pipeline.status();
  return *std::move(pipeline);
}

std::vector<std::string> NamesOf(const std::vector<InputSpec>& inputs) {
  std::vector<std::string> names;
  for (const InputSpec& input : inputs) names.push_back(input.name);
  return names;
}

// Adds its number to the states, or starts with it, and counts its runs.
class CountingExecutor : public TensorExecutor {
 public:
  CountingExecutor(int part, std::vector<int>& runs)
      : part_(part), runs_(runs) {}

  absl::StatusOr<InferenceOutput> Run(const InferenceInput& input) override {
    runs_.push_back(part_);
    const HostTensor& first = *input.tensors.front();
    const float before = part_ == 0 ? 0 : first.as<float>()[0];
    InferenceOutput answer;
    for (const int output : input.outputs) {
      const float value = before + part_ + 10.0f * output + 1;
      answer.push_back(MakeTensor({1}, absl::Span<const float>({value})));
    }
    return answer;
  }

 private:
  const int part_;
  std::vector<int>& runs_;
};

TEST(PipelineTest, TakesWhatTheFirstPartTakesAndOneMask) {
  const Pipeline pipeline = Make({Embeddings(), Stack(), Stack(), Pooler()});

  const Signature& signature = pipeline.signature;
  EXPECT_THAT(NamesOf(signature.inputs),
              ElementsAre("input_ids", "attention_mask", "parts.1.head_mask",
                          "parts.2.head_mask"));
  // The only shape that embeddings take.
  EXPECT_THAT(signature.FindInput("attention_mask")->tensor.shapes,
              ElementsAre(Shape{kBatch, kTokens}));
  EXPECT_EQ(signature.max_sequence_length, 8);
  EXPECT_THAT(pipeline.parts[2].inputs,
              ElementsAre(Pipeline::kFromBefore, 1, 3));
}

TEST(PipelineTest, GivesWhatTheLastPartGivesAndOthersOnRequest) {
  const Pipeline pipeline = Make({Stack(), Pooler()});

  std::vector<std::string> names, defaults;
  for (const OutputSpec& output : pipeline.signature.outputs) {
    (output.is_default ? defaults : names).push_back(output.name);
  }
  EXPECT_THAT(defaults, ElementsAre("pooled"));
  EXPECT_THAT(
      names, ElementsAre("parts.0.final_hidden_states",
                         "parts.0.hidden_states.0", "parts.0.hidden_states.1"));
}

TEST(PipelineTest, RunsThePartsThatARequestNeedsInTheirOrder) {
  const auto pipeline =
      std::make_shared<const Pipeline>(Make({Stack(), Stack(), Pooler()}));
  std::vector<int> runs;
  const auto executor =
      MakePipelineExecutor(pipeline, [&](int part, const Signature&) {
        return std::make_unique<CountingExecutor>(part, runs);
      });
  InferenceInput input;
  input.tensors.resize(pipeline->signature.inputs.size());
  input.tensors[0] = HostTensor(DType::kF32, {1});
  const auto find = [&](const char* name) {
    return *pipeline->signature.FindOutput(name);
  };

  input.outputs = {find("parts.1.hidden_states.0"), find("pooled"),
                   find("parts.0.final_hidden_states")};
  ASSERT_OK_AND_ASSIGN(const InferenceOutput all, executor->Run(input));
  EXPECT_THAT(runs, ElementsAre(0, 1, 2));
  EXPECT_EQ(all[0].as<float>()[0], 1 + 2 + 10);
  EXPECT_EQ(all[1].as<float>()[0], 1 + 2 + 3);
  EXPECT_EQ(all[2].as<float>()[0], 1);

  runs.clear();
  input.outputs = {find("parts.0.hidden_states.1")};
  ASSERT_OK_AND_ASSIGN(const InferenceOutput first, executor->Run(input));
  EXPECT_THAT(runs, ElementsAre(0));
  EXPECT_EQ(first[0].as<float>()[0], 1 + 20);
}

TEST(PipelineTest, RefusesVectorsOfOtherSizes) {
  Architecture wide = Module(TransformerPoolerRecipe{5, 3});
  EXPECT_THAT(MakePipeline({Stack(), wide}, {"one", "two"}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("two takes hidden_states [batch,tokens,5], "
                                 "but one gives final_hidden_states "
                                 "[batch,tokens,4]")));
}

}  // namespace
}  // namespace transformerd
