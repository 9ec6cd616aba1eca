// measure FOLDER: loads a checkpoint of tokens onto all GPUs, in each dtype
// that they compute in, and runs batches on the first one. Prints what each
// took, a line of text each.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "glog/logging.h"
#include "model/runtime/model_loader.h"

namespace transformerd {
namespace {

constexpr int kPasses = 20;

struct Workload {
  const char* name;
  std::vector<int64_t> lengths;
};

// The same tokens in rows of one length and of many: attention of the second
// takes as many calls as there are lengths, where it is not one for all.
std::vector<Workload> Workloads() {
  std::vector<int64_t> ragged;
  for (int64_t row = 0; row < 64; ++row) ragged.push_back(8 + row + row / 32);
  return {{"1x16", {16}},
          {"1x128", {128}},
          {"8x128", std::vector<int64_t>(8, 128)},
          {"32x128", std::vector<int64_t>(32, 128)},
          {"64x40", std::vector<int64_t>(64, 40)},
          {"64 rows of 8 to 72", ragged}};
}

std::unique_ptr<ModelLoader> MakeLoader(bool cuda_graphs) {
  ModelLoaderOptions options;
  options.devices = {"cuda"};
  options.engine.cuda_graphs = cuda_graphs;
  auto loader = MakeModelLoader(options);
  CHECK(loader.ok()) << loader.status();
  return *std::move(loader);
}

LoadRequest RequestFor(const std::string& folder, DType dtype) {
  LoadRequest request = {folder, {}};
  request.options.dtype = dtype;
  return request;
}

std::unique_ptr<LoadedModel> Load(ModelLoader& loader,
                                  const LoadRequest& request) {
  LoadControl control;
  auto model = loader.Load(request, control);
  CHECK(model.ok()) << model.status();
  return *std::move(model);
}

void PrintFreeMemory(ModelLoader& loader, const LoadRequest& request) {
  const auto plan = loader.Plan(request);
  CHECK(plan.ok()) << plan.status();
  for (const auto& [device, bytes] : plan->device_bytes) {
    const auto free = plan->device_free_bytes.find(device);
    CHECK(free != plan->device_free_bytes.end()) << device;
    std::cout << absl::StrFormat("%s: %d bytes needed, %d are free\n", device,
                                 bytes, free->second);
  }
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

// The median of the passes' times, input and output included. Where there are
// graphs, the first pass has none and the second is captured.
absl::Duration MeasurePass(LoadedModel& model,
                           const std::vector<int64_t>& lengths) {
  InferenceInput input;
  input.batch = static_cast<int64_t>(lengths.size());
  input.width = *std::max_element(lengths.begin(), lengths.end());
  input.lengths = lengths;
  for (int64_t i = 0; i < input.num_tokens(); ++i) {
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

void PrintPass(const std::string& name, absl::Duration time) {
  std::cout << absl::StrFormat("%s: %.3f ms\n", name,
                               absl::ToDoubleMilliseconds(time));
}

// What a pass takes while the model is loaded over and over beside it: with a
// stream of its own it waits for no copy of weights.
void MeasureBesideLoads(ModelLoader& loader, const LoadRequest& request,
                        LoadedModel& model, const Workload& workload) {
  std::atomic<bool> is_done{false};
  absl::Notification begun;
  std::thread loading([&] {
    Load(loader, request);
    begun.Notify();
    while (!is_done) Load(loader, request);
  });
  begun.WaitForNotification();
  PrintPass(absl::StrCat(workload.name, " beside loads"),
            MeasurePass(model, workload.lengths));
  is_done = true;
  loading.join();
}

void Measure(const std::string& folder) {
  const auto loader = MakeLoader(/*cuda_graphs=*/true);
  const auto plain_loader = MakeLoader(/*cuda_graphs=*/false);
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16}) {
    std::cout << "-- " << NameOf(dtype) << "\n";
    const LoadRequest request = RequestFor(folder, dtype);
    PrintFreeMemory(*loader, request);
    const auto model = Load(*loader, request);
    PrintLoad(*model);
    const auto plain_model = Load(*plain_loader, request);
    const std::vector<Workload> workloads = Workloads();
    for (const Workload& workload : workloads) {
      PrintPass(workload.name, MeasurePass(*model, workload.lengths));
      PrintPass(absl::StrCat(workload.name, " without graphs"),
                MeasurePass(*plain_model, workload.lengths));
    }
    // One that is captured beside loads, and one that has no graph.
    MeasureBesideLoads(*loader, request, *Load(*loader, request),
                       workloads.front());
    MeasureBesideLoads(*loader, request, *model, workloads.back());
  }
}

}  // namespace
}  // namespace transformerd

int main(int argc, char** argv) {
  google::InitGoogleLogging(argv[0]);
  CHECK_EQ(argc, 2) << "expected a folder with a checkpoint";
  transformerd::Measure(argv[1]);
  return 0;
}
