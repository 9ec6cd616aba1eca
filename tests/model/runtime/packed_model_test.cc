#include "model/runtime/packed_model.h"

#include <memory>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/runtime/make_signature.h"
#include "tests/fakes/fake_executor.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A model of two workers with hidden states of one number.
class PackedModelTest : public ::testing::Test {
 protected:
  PackedModelTest() {
    auto parts = std::make_unique<PackedModelParts>();
    parts->architecture.vocab_size = 100;
    parts->architecture.hidden_size = 1;
    parts->architecture.stack.num_attention_heads = 1;
    parts->architecture.max_sequence_length = 8;
    parts->signature =
        MakeSignature(parts->architecture, {/*has_pooler=*/true});
    for (FakeExecutor*& executor : executors_) {
      auto owned = std::make_unique<FakeExecutor>(parts->signature);
      executor = owned.get();
      parts->executors.push_back(std::move(owned));
    }
    model_ = std::make_unique<PackedModel>(std::move(parts));
  }

  // A row of these tokens, padded to `width`.
  static InferenceInput Row(std::vector<int64_t> ids, int64_t width) {
    InferenceInput input;
    input.batch = 1;
    input.width = width;
    input.lengths = {static_cast<int64_t>(ids.size())};
    input.input_ids = std::move(ids);
    input.outputs = {0, 1};  // last_hidden_state, pooler_output
    return input;
  }

  FakeExecutor* executors_[2];
  std::unique_ptr<PackedModel> model_;
};

TEST_F(PackedModelTest, RunsRequestsAsOneBatchOfOneWorker) {
  const InferenceInput first = Row({7, 8}, 3);
  const InferenceInput second = Row({9}, 1);
  const InferenceInput* batch[] = {&first, &second};

  ASSERT_OK_AND_ASSIGN(const auto answers, model_->Run(1, batch));

  EXPECT_THAT(executors_[0]->batches(), IsEmpty());
  ASSERT_EQ(executors_[1]->batches().size(), 1u);
  EXPECT_THAT(executors_[1]->batches()[0].input_ids, ElementsAre(7, 8, 9));
  EXPECT_THAT(answers[0][0].as<float>(), ElementsAre(7, 8, 0));
  EXPECT_THAT(answers[0][1].as<float>(), ElementsAre(2));
  EXPECT_THAT(answers[1][0].as<float>(), ElementsAre(9));
}

TEST_F(PackedModelTest, PassesTheExecutorsErrorOn) {
  executors_[0]->FailWith(absl::ResourceExhaustedError("no memory"));
  const InferenceInput input = Row({1}, 1);
  const InferenceInput* batch[] = {&input};

  EXPECT_THAT(model_->Run(0, batch),
              StatusIs(absl::StatusCode::kResourceExhausted, "no memory"));
  executors_[0]->FailWith(absl::OkStatus());
  EXPECT_THAT(model_->Run(0, batch), IsOk());
}

}  // namespace
}  // namespace transformerd
