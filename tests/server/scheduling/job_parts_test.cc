#include "server/scheduling/job_parts.h"

#include <memory>
#include <numeric>
#include <utility>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/fake_loaded_model.h"
#include "tests/fakes/recorded_jobs.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kId = 10;

class JobPartsTest : public testing::Test {
 protected:
  // Rows of these lengths with the ids 10, 11, ...
  Job MakeRows(std::vector<int64_t> lengths) {
    Job job = jobs_.Make(kId);
    InferenceInput& input = job.input;
    input.batch = static_cast<int64_t>(lengths.size());
    input.width = 8;
    input.lengths = std::move(lengths);
    input.input_ids.resize(input.num_tokens());
    std::iota(input.input_ids.begin(), input.input_ids.end(), kId);
    return job;
  }

  static BatchLimits Limits(int64_t max_tokens, int64_t max_sequences) {
    BatchLimits limits;
    limits.max_tokens = max_tokens;
    limits.max_sequences = max_sequences;
    return limits;
  }

  static std::vector<std::vector<int64_t>> LengthsOf(
      const std::vector<Job>& parts) {
    std::vector<std::vector<int64_t>> lengths;
    for (const Job& part : parts) lengths.push_back(part.input.lengths);
    return lengths;
  }

  static void Answer(Job& part) {
    JobResult result;
    result.output = FakeLoadedModel::AnswerTo(part.input);
    result.queue_time = absl::Seconds(part.input.batch);
    result.compute_time = absl::Seconds(1);
    result.batch_requests = part.input.batch;
    std::move(part.done)(std::move(result));
  }

  RecordedJobs jobs_;
};

TEST_F(JobPartsTest, AJobThatFitsStaysWhole) {
  std::vector<Job> parts = CutIntoParts(MakeRows({3, 2}), Limits(5, 2));

  EXPECT_THAT(LengthsOf(parts), ElementsAre(ElementsAre(3, 2)));
  Answer(parts[0]);
  EXPECT_THAT(jobs_.result(kId), IsOk());
}

TEST_F(JobPartsTest, AJobOfWholeTensorsIsNeverCut) {
  Job job = MakeRows({1, 1, 1, 1, 1});
  job.input.tensors.emplace_back(HostTensor(DType::kF32, {5, 1}));

  const auto parts = CutIntoParts(std::move(job), Limits(2, 2));

  EXPECT_THAT(LengthsOf(parts), ElementsAre(ElementsAre(1, 1, 1, 1, 1)));
  EXPECT_EQ(parts[0].input.tensors.size(), 1u);
}

TEST_F(JobPartsTest, CutsByRows) {
  const auto parts = CutIntoParts(MakeRows({1, 1, 1, 1, 1}), Limits(100, 2));

  EXPECT_THAT(LengthsOf(parts), ElementsAre(ElementsAre(1, 1),
                                            ElementsAre(1, 1), ElementsAre(1)));
}

TEST_F(JobPartsTest, CutsByTokensAndLeavesARowWhole) {
  const auto parts = CutIntoParts(MakeRows({2, 2, 2, 7, 1}), Limits(4, 100));

  EXPECT_THAT(LengthsOf(parts), ElementsAre(ElementsAre(2, 2), ElementsAre(2),
                                            ElementsAre(7), ElementsAre(1)));
}

TEST_F(JobPartsTest, PartsHoldTheTokensOfTheirRows) {
  Job job = MakeRows({1, 2, 1});
  job.input.attention_mask = {1, 0, 1, 1};
  job.input.token_type_ids = {5, 6, 7, 8};
  job.input.position_ids = {4, 3, 2, 1};

  const auto parts = CutIntoParts(std::move(job), Limits(100, 2));

  ASSERT_EQ(parts.size(), 2u);
  EXPECT_THAT(parts[0].input.input_ids, ElementsAre(10, 11, 12));
  EXPECT_THAT(parts[0].input.attention_mask, ElementsAre(1, 0, 1));
  EXPECT_EQ(parts[1].input.batch, 1);
  EXPECT_EQ(parts[1].input.width, 8);
  EXPECT_THAT(parts[1].input.input_ids, ElementsAre(13));
  EXPECT_THAT(parts[1].input.attention_mask, ElementsAre(1));
  EXPECT_THAT(parts[1].input.token_type_ids, ElementsAre(8));
  EXPECT_THAT(parts[1].input.position_ids, ElementsAre(1));
  EXPECT_THAT(parts[1].input.outputs, ElementsAre(0, 1));
}

TEST_F(JobPartsTest, TheDecodersTokensCountAndGoWithTheirRows) {
  Job job = MakeRows({1, 2, 1});
  TokenRows& decoder = job.input.decoder;
  decoder.batch = 3;
  decoder.width = 5;
  decoder.lengths = {2, 1, 3};
  decoder.input_ids = {1, 2, 3, 4, 5, 6};
  decoder.attention_mask = {0, 1, 1, 1, 0, 1};

  const auto parts = CutIntoParts(std::move(job), Limits(6, 100));

  ASSERT_EQ(parts.size(), 2u);
  EXPECT_THAT(parts[0].input.input_ids, ElementsAre(10, 11, 12));
  EXPECT_EQ(parts[0].input.decoder.batch, 2);
  EXPECT_THAT(parts[0].input.decoder.lengths, ElementsAre(2, 1));
  EXPECT_THAT(parts[0].input.decoder.input_ids, ElementsAre(1, 2, 3));
  EXPECT_EQ(parts[1].input.decoder.width, 5);
  EXPECT_THAT(parts[1].input.decoder.input_ids, ElementsAre(4, 5, 6));
  EXPECT_THAT(parts[1].input.decoder.attention_mask, ElementsAre(1, 0, 1));
}

TEST_F(JobPartsTest, VectorsGoWithTheirRows) {
  Job job = MakeRows({1, 2, 1});
  job.input.input_ids.clear();
  job.input.inputs_embeds = {1, 2, 3, 4, 5, 6, 7, 8};

  const auto parts = CutIntoParts(std::move(job), Limits(3, 100));

  ASSERT_EQ(parts.size(), 2u);
  EXPECT_THAT(parts[0].input.inputs_embeds, ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(parts[1].input.inputs_embeds, ElementsAre(7, 8));
  EXPECT_THAT(parts[1].input.input_ids, IsEmpty());
}

TEST_F(JobPartsTest, ImagesGoWithTheirRows) {
  Job job = MakeRows({2, 2, 2});
  job.input.input_ids.clear();
  job.input.pixel_values = {1, 2, 3, 4, 5, 6, 7, 8, 9};

  const auto parts = CutIntoParts(std::move(job), Limits(4, 100));

  ASSERT_EQ(parts.size(), 2u);
  EXPECT_THAT(parts[0].input.pixel_values, ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(parts[1].input.pixel_values, ElementsAre(7, 8, 9));
  EXPECT_THAT(parts[1].input.input_ids, IsEmpty());
  EXPECT_EQ(parts[1].input.decoder.batch, 0);
}

TEST_F(JobPartsTest, PartsKeepWhatTheJobAsksFor) {
  const auto model = std::make_shared<int>(1);
  Job job = MakeRows({1, 1});
  job.deadline = absl::UnixEpoch() + absl::Seconds(9);
  job.priority = 3;
  job.keep_alive = model;

  auto parts = CutIntoParts(std::move(job), Limits(1, 1));

  EXPECT_EQ(parts[1].deadline, absl::UnixEpoch() + absl::Seconds(9));
  EXPECT_EQ(parts[1].priority, 3u);
  EXPECT_EQ(parts[1].keep_alive, model);
  parts.clear();
  EXPECT_EQ(model.use_count(), 1);
}

TEST_F(JobPartsTest, TheAnswerIsThatOfTheWholeJobWhateverPartEndsFirst) {
  const Job whole = MakeRows({2, 1, 3, 1});
  const InferenceOutput want = FakeLoadedModel::AnswerTo(whole.input);
  auto parts = CutIntoParts(MakeRows({2, 1, 3, 1}), Limits(100, 2));
  ASSERT_EQ(parts.size(), 2u);

  Answer(parts[1]);
  EXPECT_THAT(jobs_.completed(), IsEmpty());
  Answer(parts[0]);

  ASSERT_OK_AND_ASSIGN(const JobResult result, jobs_.result(kId));
  ASSERT_EQ(result.output.size(), want.size());
  for (size_t i = 0; i < want.size(); ++i) {
    EXPECT_EQ(result.output[i].shape, want[i].shape);
    EXPECT_EQ(result.output[i].bytes, want[i].bytes);
  }
  EXPECT_EQ(result.queue_time, absl::Seconds(2));
  EXPECT_EQ(result.compute_time, absl::Seconds(2));
}

TEST_F(JobPartsTest, TheFirstErrorIsTheJobsOnceAllPartsHaveEnded) {
  auto parts = CutIntoParts(MakeRows({1, 1, 1}), Limits(1, 1));
  ASSERT_EQ(parts.size(), 3u);

  Answer(parts[0]);
  std::move(parts[2].done)(absl::DeadlineExceededError("late"));
  EXPECT_THAT(jobs_.completed(), IsEmpty());
  std::move(parts[1].done)(absl::InternalError("broken"));

  EXPECT_THAT(jobs_.result(kId), StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST_F(JobPartsTest, DestroyedPartsCallNothing) {
  CutIntoParts(MakeRows({1, 1}), Limits(1, 1));

  EXPECT_THAT(jobs_.completed(), IsEmpty());
}

}  // namespace
}  // namespace transformerd
