// Runs passes of a model as the daemon's workers do, without serving it.
//
//   engine --model=FOLDER [--engine=auto|native|reference]
//       [--dtype=F32|BF16|I8] [--threads=1] [--workers=1]
//
// Says {"ready": {...}} when the model is loaded, then answers each line of
// input, a JSON object, with one line:
//
//   {"rows": [[101, 7592, 102], ...], "passes": 3}
//       {"wall_s": [...], "cpu_s": [...]}, one number a pass. With "workers":
//       2, two workers do so many passes each, at the same time.
//   {"rows": ..., "output": "sentence_embedding", "dump": "FILE"}
//       {"numbers": N}; the output as float32, row behind row without padding.
//   {"peak": "F32"|"BF16"}
//       {"instruction": "...", "flop_per_second": N}, or nulls where the CPU
//       has no such instruction.
//   {"memory_rate_of": 2}
//       {"bytes_per_second": [...]}, of each of so many cores that read memory
//       at the same time.
//   {"linear": {"dtype": "F32"|"BF16", "rows": 16, "inputs": 384,
//       "outputs": 1536, "weights": 10}}
//       {"flop_per_second": [...]}; see linear_rate.h.
//
// Each row is a request of its own, as from so many clients, and all are one
// batch. The output is "last_hidden_state" where none is named.
#include <cstdint>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "glog/logging.h"
#include "model/base/dtype.h"
#include "model/runtime/model_loader.h"
#include "nlohmann/json.hpp"
#include "tests/benchmarks/inference/cpu_time.h"
#include "tests/benchmarks/inference/linear_rate.h"
#include "tests/benchmarks/inference/memory_rate.h"
#include "tests/benchmarks/inference/peak.h"

ABSL_FLAG(std::string, model, "", "folder of the checkpoint");
ABSL_FLAG(std::string, dtype, "F32", "F32, BF16 or I8");
ABSL_FLAG(std::string, engine, "auto", "auto, native or reference");
ABSL_FLAG(int, threads, 1, "of a worker");
ABSL_FLAG(int, workers, 1, "that share the weights");

namespace transformerd {
namespace {

using nlohmann::json;

// Of what is measured besides passes.
constexpr absl::Duration kRateTime = absl::Milliseconds(300);

// Requests of one row each.
class Batch {
 public:
  Batch(const json& rows, int output) {
    for (const json& row : rows) {
      InferenceInput& input = inputs_.emplace_back();
      input.batch = 1;
      input.input_ids = row.get<std::vector<int64_t>>();
      input.width = static_cast<int64_t>(input.input_ids.size());
      input.lengths = {input.width};
      input.outputs = {output};
    }
    for (const InferenceInput& input : inputs_) pointers_.push_back(&input);
  }

  absl::Span<const InferenceInput* const> view() const { return pointers_; }

 private:
  std::vector<InferenceInput> inputs_;
  std::vector<const InferenceInput*> pointers_;
};

struct Times {
  std::vector<double> wall_s, cpu_s;
};

std::vector<InferenceOutput> RunOnce(LoadedModel& model, int worker,
                                     const Batch& batch) {
  absl::StatusOr<std::vector<InferenceOutput>> outputs =
      model.Run(worker, batch.view());
  CHECK(outputs.ok()) << outputs.status();
  return *std::move(outputs);
}

Times RunPasses(LoadedModel& model, int worker, const Batch& batch, int passes,
                const std::function<double()>& cpu_seconds) {
  Times times;
  for (int pass = 0; pass < passes; ++pass) {
    const double cpu = cpu_seconds();
    const absl::Time start = absl::Now();
    const std::vector<InferenceOutput> outputs = RunOnce(model, worker, batch);
    times.wall_s.push_back(absl::ToDoubleSeconds(absl::Now() - start));
    times.cpu_s.push_back(cpu_seconds() - cpu);
  }
  return times;
}

// A worker of one thread computes in the thread that calls it.
Times RunWorkers(LoadedModel& model, int workers, const Batch& batch,
                 int passes) {
  std::vector<Times> of_worker(workers);
  std::vector<std::thread> threads;
  for (int worker = 0; worker < workers; ++worker) {
    threads.emplace_back([&, worker] {
      RunOnce(model, worker, batch);
      of_worker[worker] =
          RunPasses(model, worker, batch, passes, ThreadCpuSeconds);
    });
  }
  for (std::thread& thread : threads) thread.join();
  Times all;
  for (const Times& times : of_worker) {
    all.wall_s.insert(all.wall_s.end(), times.wall_s.begin(),
                      times.wall_s.end());
    all.cpu_s.insert(all.cpu_s.end(), times.cpu_s.begin(), times.cpu_s.end());
  }
  return all;
}

json MeasureTimes(LoadedModel& model, const Batch& batch, const json& request) {
  const int workers = request.value("workers", 1);
  const int passes = request.at("passes");
  const Times times =
      workers > 1 ? RunWorkers(model, workers, batch, passes)
                  : RunPasses(model, 0, batch, passes, ProcessCpuSeconds);
  return {{"wall_s", times.wall_s}, {"cpu_s", times.cpu_s}};
}

json Dump(LoadedModel& model, const Batch& batch, const std::string& path) {
  std::ofstream file(path, std::ios::binary);
  int64_t bytes = 0;
  for (const InferenceOutput& output : RunOnce(model, 0, batch)) {
    CHECK(output[0].dtype == DType::kF32) << NameOf(output[0].dtype);
    file << output[0].bytes;
    bytes += static_cast<int64_t>(output[0].bytes.size());
  }
  file.close();
  CHECK(file) << path;
  return {{"numbers", bytes / BytesOf(DType::kF32)}};
}

json MeasurePeak(const std::string& dtype) {
  CHECK(dtype == "F32" || dtype == "BF16") << dtype;
  const std::optional<Peak> peak = dtype == "F32"
                                       ? MeasureFloat32Peak(kRateTime)
                                       : MeasureBfloat16Peak(kRateTime);
  if (!peak.has_value()) {
    return {{"instruction", nullptr}, {"flop_per_second", nullptr}};
  }
  return {{"instruction", peak->instruction},
          {"flop_per_second", peak->flop_per_second}};
}

json MeasureLinearOf(const json& request) {
  LinearShape shape;
  const std::optional<DType> dtype = DTypeFromName(request.at("dtype"));
  CHECK(dtype.has_value()) << request;
  shape.dtype = *dtype;
  shape.rows = request.at("rows");
  shape.inputs = request.at("inputs");
  shape.outputs = request.at("outputs");
  shape.weights = request.at("weights");
  return {{"flop_per_second", MeasureLinear(shape, kRateTime)}};
}

json Answer(LoadedModel& model, const json& request) {
  if (request.contains("peak")) return MeasurePeak(request["peak"]);
  if (request.contains("memory_rate_of")) {
    const int cores = request["memory_rate_of"];
    return {{"bytes_per_second", MeasureReadRates(cores, kRateTime)}};
  }
  if (request.contains("linear")) return MeasureLinearOf(request["linear"]);
  const std::string name = request.value("output", "last_hidden_state");
  const std::optional<int> output = model.signature().FindOutput(name);
  CHECK(output.has_value()) << "the model has no output " << name;
  const Batch batch(request.at("rows"), *output);
  if (request.contains("dump")) return Dump(model, batch, request["dump"]);
  return MeasureTimes(model, batch, request);
}

ModelLoaderOptions ReadFlags() {
  ModelLoaderOptions options;
  options.devices.assign(absl::GetFlag(FLAGS_workers), "cpu");
  options.threads_per_worker = absl::GetFlag(FLAGS_threads);
  const auto engine = EngineKindFromName(absl::GetFlag(FLAGS_engine));
  CHECK(engine.has_value()) << absl::GetFlag(FLAGS_engine);
  options.engine.kind = *engine;
  options.dtype = DTypeFromName(absl::GetFlag(FLAGS_dtype));
  CHECK(options.dtype.has_value()) << absl::GetFlag(FLAGS_dtype);
  return options;
}

int Main() {
  const absl::StatusOr<std::unique_ptr<ModelLoader>> loader =
      MakeModelLoader(ReadFlags());
  CHECK(loader.ok()) << loader.status();
  LoadControl control;
  const absl::StatusOr<std::unique_ptr<LoadedModel>> model =
      (*loader)->Load({absl::GetFlag(FLAGS_model), {}}, control);
  CHECK(model.ok()) << model.status();
  std::cout << json({{"ready", (*model)->properties()}}) << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << Answer(**model, json::parse(line)) << std::endl;
  }
  return 0;
}

}  // namespace
}  // namespace transformerd

int main(int argc, char** argv) {
  FLAGS_logtostderr = true;
  google::InitGoogleLogging(argv[0]);
  absl::ParseCommandLine(argc, argv);
  return transformerd::Main();
}
