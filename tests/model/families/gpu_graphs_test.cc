// Graphs of small batches: the answers to random batches of one class of sizes,
// the first of which is launched kernel by kernel and all others are replayed,
// beside those of the CPU. On the GPU of the machine with --config=cuda, else
// on the fake one of tests/fakes, which also counts replays.
#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/families/families.h"
#include "model/runtime/model_loader.h"
#include "tests/fakes/recorded_log.h"
#include "tests/matchers/status_matchers.h"
#include "tests/model/families/golden_case.h"
#include "tests/model/runtime/make_loader.h"

#ifdef FAKE_GPUS
#include "tests/fakes/fake_gpu.h"
#endif

namespace transformerd {
namespace {

using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::FloatNear;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pointwise;

constexpr char kBertBase[] = "tests/testdata/goldens/bert_base/model";
constexpr int kBatches = 8;

// Where each case's attention is one call in float32. Others have biases by
// distance, capped scores, windows ahead, a router of experts, or cases of odd
// head sizes.
bool HasGraphs(absl::string_view model_type) {
  static const auto* const families = new std::set<absl::string_view>{
      "albert", "bert",  "camembert", "distilbert", "electra",
      "gpt2",   "llama", "mistral",   "opt",        "phi3",
      "qwen2",  "qwen3", "roberta",   "starcoder2", "xlm-roberta"};
  return families->count(model_type) > 0;
}

std::unique_ptr<ModelLoader> MakeGpuLoader(bool cuda_graphs = true) {
  ModelLoaderOptions options;
  options.devices = {"cuda:0"};
#ifdef FAKE_GPUS
  options.num_gpus = FAKE_GPUS;
#endif
  options.engine.cuda_graphs = cuda_graphs;
  return MakeLoader(options);
}

std::unique_ptr<ModelLoader> MakeCpuLoader() {
  ModelLoaderOptions options;
  options.engine.kind = EngineKind::kReference;
  return MakeLoader(options);
}

LoadRequest RequestFor(const GoldenCase& golden) {
  LoadRequest request = {golden.model_directory, {}};
  request.options.architecture = golden.class_name;
  request.options.dtype = DType::kF32;
  request.options.strict = !golden.needs_lenient_load;
  return request;
}

// All outputs but the probabilities of attention.
std::vector<int> OutputsOf(const Signature& signature) {
  std::vector<int> outputs;
  for (size_t i = 0; i < signature.outputs.size(); ++i) {
    const OutputSpec& output = signature.outputs[i];
    if (output.rows != OutputRows::kTokenPair && output.needs.empty()) {
      outputs.push_back(static_cast<int>(i));
    }
  }
  return outputs;
}

// Three or four rows of 17 to 24 tokens in all, which are of one class.
InferenceInput RandomBatch(const Signature& signature, std::mt19937& random) {
  InferenceInput input;
  input.batch = std::uniform_int_distribution<int64_t>(3, 4)(random);
  std::uniform_int_distribution<int64_t> length(1, 9);
  do {
    input.lengths.clear();
    for (int64_t row = 0; row < input.batch; ++row) {
      input.lengths.push_back(length(random));
    }
  } while (input.num_tokens() < 17 || input.num_tokens() > 24);
  input.width = *std::max_element(input.lengths.begin(), input.lengths.end());
  std::uniform_int_distribution<int64_t> id(1,
                                            signature.inputs.front().limit - 1);
  for (int64_t i = 0; i < input.num_tokens(); ++i) {
    input.input_ids.push_back(id(random));
  }
  if (const InputSpec* const types = signature.FindInput("token_type_ids")) {
    std::uniform_int_distribution<int64_t> type(0, types->limit - 1);
    for (int64_t i = 0; i < input.num_tokens(); ++i) {
      input.token_type_ids.push_back(type(random));
    }
  }
  input.outputs = OutputsOf(signature);
  return input;
}

// How often graphs were replayed, which a real GPU does not tell.
#ifdef FAKE_GPUS
constexpr bool kCountsReplays = true;
int64_t Replays() { return FakeGpuReplays(); }
#else
constexpr bool kCountsReplays = false;
int64_t Replays() { return 0; }
#endif

InferenceOutput Answer(LoadedModel& model, const InferenceInput& input) {
  const InferenceInput* batch[] = {&input};
  auto answers = model.Run(/*worker=*/0, batch);
  EXPECT_THAT(answers, IsOk());
  return answers.ok() ? std::move(answers->front()) : InferenceOutput();
}

void ExpectSame(const InferenceOutput& got, const InferenceOutput& want,
                const Signature& signature, const InferenceInput& input) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i].shape, want[i].shape);
    EXPECT_THAT(got[i].as<float>(),
                Pointwise(FloatNear(1e-4), want[i].as<float>()))
        << signature.outputs[input.outputs[i]].name;
  }
}

class GpuGraphsTest : public ::testing::TestWithParam<const Family*> {};

TEST_P(GpuGraphsTest, ReplaysAnswerAsTheCpuDoes) {
  const std::string model_type(GetParam()->model_types.front());
  ASSERT_OK_AND_ASSIGN(const std::vector<GoldenCase> cases,
                       ReadGoldenCases(model_type));
  std::mt19937 random(1);
  const RecordedLog log;
  for (const GoldenCase& golden : cases) {
    SCOPED_TRACE(golden.name);
    LoadControl control;
    ASSERT_OK_AND_ASSIGN(const auto on_gpu,
                         MakeGpuLoader()->Load(RequestFor(golden), control));
    ASSERT_OK_AND_ASSIGN(const auto on_cpu,
                         MakeCpuLoader()->Load(RequestFor(golden), control));
    const Signature& signature = on_cpu->signature();
    if (signature.has_decoder() ||
        signature.inputs.front().kind != InputKind::kTokens) {
      continue;
    }
    const int64_t before = Replays();
    for (int batch = 0; batch < kBatches; ++batch) {
      const InferenceInput input = RandomBatch(signature, random);
      ExpectSame(Answer(*on_gpu, input), Answer(*on_cpu, input), signature,
                 input);
    }
    const int64_t fewest = HasGraphs(model_type) ? kBatches - 1 : 0;
    if (kCountsReplays) {
      EXPECT_THAT(Replays() - before, AnyOf(fewest, kBatches - 1));
    }
  }
  EXPECT_THAT(log.messages(), Not(Contains(HasSubstr("kernel by kernel"))));
}

INSTANTIATE_TEST_SUITE_P(
    Families, GpuGraphsTest, ::testing::ValuesIn(AllFamilies()),
    [](const auto& info) -> std::string {
      return absl::StrReplaceAll(info.param->model_types.front(), {{"-", "_"}});
    });

#ifdef FAKE_GPUS
// BERT on both, and batches of rows of these lengths.
class BertGraphsTest : public ::testing::Test {
 protected:
  void SetUp() override { Load(MakeGpuLoader()); }

  void Load(std::unique_ptr<ModelLoader> gpu_loader) {
    LoadControl control;
    LoadRequest request = {kBertBase, {}};
    request.options.dtype = DType::kF32;
    ASSERT_OK_AND_ASSIGN(on_gpu_, gpu_loader->Load(request, control));
    ASSERT_OK_AND_ASSIGN(on_cpu_, MakeCpuLoader()->Load(request, control));
  }

  InferenceInput Batch(const std::vector<int64_t>& lengths,
                       const std::vector<std::string>& outputs) {
    InferenceInput input;
    input.batch = static_cast<int64_t>(lengths.size());
    input.lengths = lengths;
    input.width = *std::max_element(lengths.begin(), lengths.end());
    for (int64_t i = 0; i < input.num_tokens(); ++i) {
      input.input_ids.push_back(next_id_++ %
                                on_cpu_->signature().inputs.front().limit);
    }
    for (const std::string& output : outputs) {
      input.outputs.push_back(*on_cpu_->signature().FindOutput(output));
    }
    return input;
  }

  // How many batches such as this were replayed, of `times`.
  int64_t Replayed(int times, const std::vector<int64_t>& lengths,
                   const std::vector<std::string>& outputs = {
                       "last_hidden_state", "pooler_output"}) {
    const int64_t before = FakeGpuReplays();
    for (int i = 0; i < times; ++i) Check(Batch(lengths, outputs));
    return FakeGpuReplays() - before;
  }

  void Check(const InferenceInput& input) {
    ExpectSame(Answer(*on_gpu_, input), Answer(*on_cpu_, input),
               on_cpu_->signature(), input);
  }

  std::unique_ptr<LoadedModel> on_gpu_, on_cpu_;
  int64_t next_id_ = 0;
};

TEST_F(BertGraphsTest, TheFirstOfItsSizeIsLaunchedKernelByKernel) {
  EXPECT_EQ(Replayed(1, {3, 4}), 0);
  EXPECT_EQ(Replayed(2, {3, 4}), 2);
  EXPECT_EQ(Replayed(1, {2, 6}), 1) << "of the same class";
  EXPECT_EQ(Replayed(1, {9}), 0) << "of another class";
  EXPECT_EQ(Replayed(1, {3, 4}, {"pooler_output"}), 0) << "other outputs";
  EXPECT_EQ(Replayed(1, {4, 4}), 1) << "still there";
}

TEST_F(BertGraphsTest, NoGraphsWhereTheyAreNotWanted) {
  Load(MakeGpuLoader(/*cuda_graphs=*/false));
  EXPECT_EQ(Replayed(3, {3, 4}), 0);
}

TEST_F(BertGraphsTest, LargeBatchesHaveNone) {
  EXPECT_EQ(Replayed(3, std::vector<int64_t>(103, 10)), 0);
  EXPECT_EQ(Replayed(3, std::vector<int64_t>(102, 10)), 2);
}

TEST_F(BertGraphsTest, ProbabilitiesHaveNone) {
  EXPECT_EQ(Replayed(3, {3, 4}, {"attentions.0"}), 0);
}

TEST_F(BertGraphsTest, MaskedRowsHaveNone) {
  EXPECT_EQ(Replayed(2, {3, 4}), 1);
  InferenceInput input = Batch({3, 4}, {"last_hidden_state", "pooler_output"});
  input.attention_mask = {1, 0, 1, 1, 1, 1, 1};
  const int64_t before = FakeGpuReplays();
  Check(input);
  EXPECT_EQ(FakeGpuReplays(), before);
}

// More sizes and outputs than there are graphs kept, and one of them used all
// along.
TEST_F(BertGraphsTest, TheOneNotUsedForLongestMakesRoom) {
  const std::vector<std::string> outputs = {"last_hidden_state",
                                            "pooler_output", "hidden_states.0",
                                            "hidden_states.1"};
  const int64_t before = FakeGpuCaptures();
  EXPECT_EQ(Replayed(2, {9}, {"pooler_output"}), 1);
  EXPECT_EQ(Replayed(2, {10, 1}, {"pooler_output"}), 1);
  int kinds = 2;
  for (size_t rows = 1; rows <= 256; rows *= 2) {
    for (unsigned wanted = 1; wanted < 16; ++wanted) {
      std::vector<std::string> names;
      for (unsigned i = 0; i < outputs.size(); ++i) {
        if (wanted >> i & 1) names.push_back(outputs[i]);
      }
      EXPECT_EQ(Replayed(2, std::vector<int64_t>(rows, 2), names), 1);
      ++kinds;
      EXPECT_EQ(Replayed(1, {9}, {"pooler_output"}), 1);
    }
  }
  EXPECT_GT(kinds, 128);
  EXPECT_EQ(FakeGpuCaptures() - before, kinds);
  EXPECT_EQ(Replayed(1, {10, 1}, {"pooler_output"}), 0) << "not at once";
  EXPECT_EQ(Replayed(100, {10, 1}, {"pooler_output"}), 1);
  EXPECT_EQ(FakeGpuCaptures() - before, kinds + 1) << "captured again";
}

TEST_F(BertGraphsTest, WhatFailsIsLaunchedKernelByKernelForAWhile) {
  const std::pair<FakeGraphFailure, std::vector<int64_t>> failures[] = {
      {FakeGraphFailure::kBeginCapture, {3, 4}},
      {FakeGraphFailure::kEndCapture, {9}},
      {FakeGraphFailure::kReplay, {17, 2}}};
  for (const auto& [failure, lengths] : failures) {
    FailAtFakeGraphs(failure);
    EXPECT_EQ(Replayed(3, lengths), 0);
    FailAtFakeGraphs(FakeGraphFailure::kNone);
    EXPECT_EQ(Replayed(2, lengths), 0) << "it is not tried again at once";
  }
  const InferenceInput input =
      Batch({3, 4}, {"last_hidden_state", "pooler_output"});
  const int64_t before = FakeGpuReplays();
  for (int i = 0; i < 1000; ++i) Answer(*on_gpu_, input);
  EXPECT_GT(FakeGpuReplays(), before);
}

TEST_F(BertGraphsTest, AReplayThatFailsIsAnsweredAllTheSame) {
  EXPECT_EQ(Replayed(3, {3, 4}), 2);
  FailAtFakeGraphs(FakeGraphFailure::kReplay);
  EXPECT_EQ(Replayed(2, {3, 4}), 0);
  FailAtFakeGraphs(FakeGraphFailure::kNone);
  EXPECT_EQ(Replayed(2, {3, 4}), 0);
}

TEST_F(BertGraphsTest, AReplayIsWaitedForOnce) {
  const InferenceInput input =
      Batch({3, 2}, {"last_hidden_state", "pooler_output"});
  for (int i = 0; i < 2; ++i) Answer(*on_gpu_, input);
  const int64_t waits = FakeGpuWaits(), replays = FakeGpuReplays();
  Answer(*on_gpu_, input);
  EXPECT_EQ(FakeGpuWaits() - waits, 1);
  EXPECT_EQ(FakeGpuReplays() - replays, 1);
}

#endif

// The Euclidean norm of what `got` is off, by that of `want`.
double RelativeErrorOf(const HostTensor& got, const HostTensor& want) {
  const auto values = got.as<float>(), wanted = want.as<float>();
  double error = 0, norm = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    error += std::pow(values[i] - wanted[i], 2);
    norm += std::pow(wanted[i], 2);
  }
  return std::sqrt(error / norm);
}

// Windows that reach ahead take flash attention, and that a half precision.
TEST(HalfPrecisionGraphsTest, ModernBertStaysNearFloat32) {
  ASSERT_OK_AND_ASSIGN(const std::vector<GoldenCase> cases,
                       ReadGoldenCases("modernbert"));
  LoadControl control;
  LoadRequest request = RequestFor(cases.front());
  ASSERT_OK_AND_ASSIGN(const auto on_cpu,
                       MakeCpuLoader()->Load(request, control));
  request.options.dtype = DType::kF16;
  ASSERT_OK_AND_ASSIGN(const auto on_gpu,
                       MakeGpuLoader()->Load(request, control));
  std::mt19937 random(1);
  const int64_t before = Replays();
  for (int batch = 0; batch < kBatches; ++batch) {
    const InferenceInput input = RandomBatch(on_cpu->signature(), random);
    const InferenceOutput got = Answer(*on_gpu, input);
    const InferenceOutput want = Answer(*on_cpu, input);
    ASSERT_EQ(got.size(), want.size());
    for (size_t i = 0; i < got.size(); ++i) {
      EXPECT_LE(RelativeErrorOf(got[i], want[i]), 0.01);
    }
  }
  if (kCountsReplays) {
    EXPECT_EQ(Replays() - before, kBatches - 1);
  }
}

}  // namespace
}  // namespace transformerd
