#include "model/runtime/model_loader.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "model/loading/bandwidth_limit.h"
#include "model/runtime/model_load.h"

namespace transformerd {
namespace {

constexpr int kMaxWorkers = 256;
constexpr int kMaxThreadsPerWorker = 1024;

class LocalModelLoader : public ModelLoader {
 public:
  explicit LocalModelLoader(ModelLoaderOptions options)
      : options_(std::move(options)) {
    workers_.num_workers = static_cast<int>(options_.devices.size());
    workers_.private_replicas = options_.private_replicas;
    workers_.threads_per_worker = options_.threads_per_worker;
    if (workers_.threads_per_worker == 0) {
      const int cores = static_cast<int>(std::thread::hardware_concurrency());
      workers_.threads_per_worker = std::max(1, cores / workers_.num_workers);
    }
    if (options_.load_bandwidth_limit > 0) {
      Clock& clock = options_.clock == nullptr ? clock_ : *options_.clock;
      bandwidth_limit_ = std::make_unique<BandwidthLimit>(
          options_.load_bandwidth_limit, clock);
      workers_.bandwidth_limit = bandwidth_limit_.get();
    }
  }

  int num_workers() const override { return workers_.num_workers; }
  std::string device(int worker) const override {
    return options_.devices[worker];
  }

  absl::StatusOr<std::unique_ptr<LoadedModel>> Load(
      const LoadRequest& request, LoadControl& control) override {
    const LoadRequest with_defaults = WithDefaults(request);
    return ModelLoad(with_defaults, workers_, control).Run();
  }

  absl::StatusOr<PlannedLoad> Plan(const LoadRequest& request) override {
    const LoadRequest with_defaults = WithDefaults(request);
    LoadControl control;
    return ModelLoad(with_defaults, workers_, control).Plan();
  }

 private:
  LoadRequest WithDefaults(LoadRequest request) const {
    if (!request.options.dtype) request.options.dtype = options_.dtype;
    return request;
  }

  const ModelLoaderOptions options_;
  SystemClock clock_;
  std::unique_ptr<BandwidthLimit> bandwidth_limit_;
  WorkerLayout workers_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ModelLoader>> MakeModelLoader(
    const ModelLoaderOptions& options) {
  const size_t workers = options.devices.size();
  if (workers < 1 || workers > kMaxWorkers) {
    return absl::InvalidArgumentError(
        absl::StrCat(workers, " devices, expected 1 to ", kMaxWorkers));
  }
  for (const std::string& device : options.devices) {
    if (device != "cpu") {
      return absl::InvalidArgumentError(
          absl::StrCat("device \"", device,
                       "\", expected \"cpu\": this build has no others"));
    }
  }
  if (options.threads_per_worker < 0 ||
      options.threads_per_worker > kMaxThreadsPerWorker) {
    return absl::InvalidArgumentError(
        absl::StrCat("threads_per_worker=", options.threads_per_worker,
                     ", expected 0 to ", kMaxThreadsPerWorker));
  }
  if (options.load_bandwidth_limit < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("load_bandwidth_limit=", options.load_bandwidth_limit,
                     ", expected bytes per second, or 0 for no limit"));
  }
  return std::make_unique<LocalModelLoader>(options);
}

}  // namespace transformerd
