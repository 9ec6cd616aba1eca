// Loads a checkpoint once as the daemon does, without serving it, and tells
// what it cost: one JSON object on the standard output.
//
//   load_once FOLDER WORKERS shared|private|gloo memory_efficient|free_for_all
//
// Says "ready" and waits for a line of input before it loads, and for another
// with the model in memory before it ends, so that a parent can measure.
#include <sys/resource.h>

#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "glog/logging.h"
#include "model/runtime/model_loader.h"

namespace transformerd {
namespace {

double CpuSeconds() {
  rusage usage;
  PCHECK(getrusage(RUSAGE_SELF, &usage) == 0);
  return absl::ToDoubleSeconds(absl::DurationFromTimeval(usage.ru_utime) +
                               absl::DurationFromTimeval(usage.ru_stime));
}

void AwaitLine() {
  std::string line;
  std::getline(std::cin, line);
}

ModelLoaderOptions ReadOptions(int workers, const std::string& replicas,
                               const std::string& strategy) {
  ModelLoaderOptions options;
  options.devices.assign(workers, "cpu");
  options.threads_per_worker = 1;
  options.replicas.loading_strategy = *LoadingStrategyFromName(strategy);
  if (replicas == "gloo") {
    options.replicas.transport = TransportKind::kGloo;
  } else {
    options.replicas.cpu_replicas = *CpuReplicasFromName(replicas);
  }
  return options;
}

double StreamSeconds(const LoadReport& report) {
  for (const PhaseTime& phase : report.phases) {
    if (phase.phase == LoadPhase::kStream) {
      return absl::ToDoubleSeconds(phase.time);
    }
  }
  return 0;
}

int Main(const std::vector<std::string>& arguments) {
  int workers = 0;
  CHECK_EQ(arguments.size(), size_t{4}) << "FOLDER WORKERS REPLICAS STRATEGY";
  CHECK(absl::SimpleAtoi(arguments[1], &workers)) << arguments[1];
  const absl::StatusOr<std::unique_ptr<ModelLoader>> loader =
      MakeModelLoader(ReadOptions(workers, arguments[2], arguments[3]));
  CHECK(loader.ok()) << loader.status();
  std::cout << "ready" << std::endl;
  AwaitLine();

  LoadControl control;
  const absl::Time start = absl::Now();
  const double cpu_before = CpuSeconds();
  const absl::StatusOr<std::unique_ptr<LoadedModel>> model =
      (*loader)->Load({arguments[0], {}}, control);
  const double cpu = CpuSeconds() - cpu_before;
  const absl::Duration wall = absl::Now() - start;
  CHECK(model.ok()) << model.status();
  const LoadReport& report = (*model)->report();
  std::cout << "{\"wall_s\": " << absl::ToDoubleSeconds(wall)
            << ", \"stream_s\": " << StreamSeconds(report)
            << ", \"cpu_s\": " << cpu
            << ", \"bytes_read\": " << report.bytes_read
            << ", \"bytes_sent\": " << report.bytes_broadcast << "}"
            << std::endl;
  AwaitLine();
  return 0;
}

}  // namespace
}  // namespace transformerd

int main(int argc, char** argv) {
  google::InitGoogleLogging(argv[0]);
  return transformerd::Main({argv + 1, argv + argc});
}
