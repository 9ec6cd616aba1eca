// A row's answer does not depend on what else is in its batch, bit for bit.
#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "model/families/families.h"
#include "model/runtime/model_loader.h"
#include "tests/matchers/status_matchers.h"
#include "tests/model/families/golden_case.h"

namespace transformerd {
namespace {

absl::StatusOr<std::unique_ptr<ModelLoader>> MakeLoader(int workers,
                                                        int threads) {
  ModelLoaderOptions options;
  options.devices.assign(workers, "cpu");
  options.threads_per_worker = threads;
  options.engine.deterministic = true;
  return MakeModelLoader(options);
}

absl::StatusOr<std::unique_ptr<LoadedModel>> Load(ModelLoader& loader,
                                                  const GoldenCase& golden,
                                                  DType dtype) {
  LoadRequest request;
  request.directory = golden.model_directory;
  request.options.architecture = golden.class_name;
  request.options.dtype = dtype;
  request.options.strict = !golden.needs_lenient_load;
  LoadControl control;
  return loader.Load(request, control);
}

// All outputs that the model gives for a probe.
std::vector<InferenceInput> InputsOf(const GoldenCase& golden,
                                     const Signature& signature) {
  std::vector<InferenceInput> inputs;
  for (const GoldenProbe& probe : golden.probes) {
    std::vector<int> outputs;
    for (size_t i = 0; i < signature.outputs.size(); ++i) {
      if (signature.outputs[i].needs.empty()) {
        outputs.push_back(static_cast<int>(i));
      }
    }
    inputs.push_back(MakeInput(probe, signature, outputs));
  }
  return inputs;
}

class BatchInvarianceTest : public ::testing::TestWithParam<const Family*> {
 protected:
  // The answers to `batch`, whose inputs are those at `order` of `inputs`, are
  // those that the inputs get alone.
  static void ExpectSameBits(
      LoadedModel& model, int worker, const std::vector<InferenceInput>& inputs,
      const std::vector<std::vector<InferenceOutput>>& alone,
      const std::vector<size_t>& order) {
    std::vector<const InferenceInput*> batch;
    for (const size_t i : order) batch.push_back(&inputs[i]);
    ASSERT_OK_AND_ASSIGN(const auto answers, model.Run(worker, batch));
    for (size_t i = 0; i < order.size(); ++i) {
      const InferenceOutput& wanted = alone[order[i]].front();
      for (size_t output = 0; output < wanted.size(); ++output) {
        const int index = inputs[order[i]].outputs[output];
        ASSERT_EQ(answers[i][output].bytes, wanted[output].bytes)
            << "input " << order[i] << " at place " << i << ", output "
            << model.signature().outputs[index].name;
      }
    }
  }

  static void Check(const GoldenCase& golden, DType dtype) {
    ASSERT_OK_AND_ASSIGN(const auto one, MakeLoader(1, 1));
    ASSERT_OK_AND_ASSIGN(const auto two, MakeLoader(2, 2));
    ASSERT_OK_AND_ASSIGN(const auto model, Load(*one, golden, dtype));
    ASSERT_EQ(model->properties().at("engine"), "native");
    ASSERT_OK_AND_ASSIGN(const auto threaded, Load(*two, golden, dtype));
    const std::vector<InferenceInput> inputs =
        InputsOf(golden, model->signature());
    std::vector<std::vector<InferenceOutput>> alone;
    for (const InferenceInput& input : inputs) {
      const InferenceInput* batch[] = {&input};
      ASSERT_OK_AND_ASSIGN(auto answer, model->Run(0, batch));
      alone.push_back(std::move(answer));
    }
    std::mt19937 random(7);
    std::vector<size_t> order(inputs.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    ExpectSameBits(*model, 0, inputs, alone, order);
    std::shuffle(order.begin(), order.end(), random);
    ExpectSameBits(*model, 0, inputs, alone, order);
    ExpectSameBits(*threaded, 1, inputs, alone, order);
    // Enough work for a second thread to join in, and several groups of rows.
    std::uniform_int_distribution<size_t> any(0, inputs.size() - 1);
    for (int64_t tokens = 0; dtype == DType::kBF16 && tokens < 12000;) {
      order.push_back(any(random));
      tokens += inputs[order.back()].total_tokens();
    }
    ExpectSameBits(*threaded, 0, inputs, alone, order);
  }
};

TEST_P(BatchInvarianceTest, RowsAnswerAlikeAloneAndTogether) {
  for (const auto model_type : GetParam()->model_types) {
    ASSERT_OK_AND_ASSIGN(const std::vector<GoldenCase> cases,
                         ReadGoldenCases(std::string(model_type)));
    // One for each class: configs of the same class differ in little.
    std::vector<std::string> seen;
    for (const GoldenCase& golden : cases) {
      if (std::count(seen.begin(), seen.end(), golden.class_name) > 0) continue;
      seen.push_back(golden.class_name);
      for (const DType dtype : {DType::kF32, DType::kBF16, DType::kI8}) {
        SCOPED_TRACE(absl::StrCat(golden.name, " ", NameOf(dtype)));
        Check(golden, dtype);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, BatchInvarianceTest, ::testing::ValuesIn(AllFamilies()),
    [](const ::testing::TestParamInfo<const Family*>& info) {
      return absl::StrReplaceAll(info.param->model_types.front(), {{"-", "_"}});
    });

}  // namespace
}  // namespace transformerd
