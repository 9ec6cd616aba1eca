// measure FOLDER: loads a checkpoint of tokens onto all GPUs and runs batches
// on the first one. Prints what each took, a line of text each.
#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "glog/logging.h"
#include "model/runtime/model_loader.h"

namespace transformerd {
namespace {

constexpr int kPasses = 20;

struct Workload {
  int64_t rows, tokens;
};

constexpr Workload kWorkloads[] = {{1, 16}, {1, 128}, {8, 128}, {32, 128}};

std::unique_ptr<LoadedModel> Load(const std::string& folder) {
  ModelLoaderOptions options;
  options.devices = {"cuda"};
  const auto loader = MakeModelLoader(options);
  CHECK(loader.ok()) << loader.status();
  LoadControl control;
  auto model = (*loader)->Load({folder, {}}, control);
  CHECK(model.ok()) << model.status();
  return *std::move(model);
}

void PrintLoad(const LoadedModel& model) {
  const LoadReport& report = model.report();
  for (const auto& [name, value] : model.properties()) {
    std::cout << name << ": " << value << "\n";
  }
  for (const PhaseTime& phase : report.phases) {
    const double seconds = absl::ToDoubleSeconds(phase.time);
    std::cout << absl::StrFormat("%s: %.3f s", NameOf(phase.phase), seconds);
    if (phase.phase == LoadPhase::kStream) {
      std::cout << absl::StrFormat(
          ", %d bytes to %d GPUs, %.2f GB/s read", report.bytes_read,
          report.replicas,
          static_cast<double>(report.bytes_read) / seconds / 1e9);
    }
    std::cout << "\n";
  }
}

// The median of the passes' times, input and output included.
absl::Duration MeasurePass(LoadedModel& model, const Workload& workload) {
  InferenceInput input;
  input.batch = workload.rows;
  input.width = workload.tokens;
  input.lengths.assign(workload.rows, workload.tokens);
  for (int64_t i = 0; i < workload.rows * workload.tokens; ++i) {
    input.input_ids.push_back(1 + i % 100);
  }
  input.outputs = {0};
  const InferenceInput* batch[] = {&input};
  std::vector<absl::Duration> times;
  for (int pass = 0; pass < kPasses; ++pass) {
    const absl::Time start = absl::Now();
    const auto outputs = model.Run(0, batch);
    CHECK(outputs.ok()) << outputs.status();
    times.push_back(absl::Now() - start);
  }
  std::nth_element(times.begin(), times.begin() + kPasses / 2, times.end());
  return times[kPasses / 2];
}

}  // namespace
}  // namespace transformerd

int main(int argc, char** argv) {
  google::InitGoogleLogging(argv[0]);
  CHECK_EQ(argc, 2) << "expected a folder with a checkpoint";
  const auto model = transformerd::Load(argv[1]);
  transformerd::PrintLoad(*model);
  for (const transformerd::Workload& workload : transformerd::kWorkloads) {
    std::cout << absl::StrFormat(
        "%dx%d: %.3f ms\n", workload.rows, workload.tokens,
        absl::ToDoubleMilliseconds(
            transformerd::MeasurePass(*model, workload)));
  }
  return 0;
}
