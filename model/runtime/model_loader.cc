#include "model/runtime/model_loader.h"

#include <dlfcn.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "glog/logging.h"
#include "model/base/catch_exceptions.h"
#include "model/base/device.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"
#include "model/base/usable_cores.h"
#include "model/distributed/transports.h"
#include "model/loading/bandwidth_limit.h"
#include "model/runtime/devices.h"
#include "model/runtime/model_load.h"

namespace transformerd {
namespace {

constexpr int kMaxWorkers = 256;
constexpr int kMaxThreadsPerWorker = 1024;

class LocalModelLoader : public ModelLoader {
 public:
  LocalModelLoader(ModelLoaderOptions options, std::vector<Device> devices)
      : options_(std::move(options)) {
    workers_.devices = std::move(devices);
    workers_.transport_timeout = options_.transport_timeout;
    workers_.threads_per_worker = options_.threads_per_worker;
    workers_.engine = options_.engine;
    workers_.device_room = DeviceRoom(options_.device_memory_limit);
    if (workers_.threads_per_worker == 0) {
      workers_.threads_per_worker =
          std::max(1, UsableCores() / workers_.num_workers());
    }
    if (options_.load_bandwidth_limit > 0) {
      Clock& clock = options_.clock == nullptr ? clock_ : *options_.clock;
      bandwidth_limit_ = std::make_unique<BandwidthLimit>(
          options_.load_bandwidth_limit, clock);
      workers_.bandwidth_limit = bandwidth_limit_.get();
    }
  }

  int num_workers() const override { return workers_.num_workers(); }
  std::string device(int worker) const override {
    return NameOf(workers_.devices[worker]);
  }

  absl::StatusOr<std::unique_ptr<LoadedModel>> Load(
      const LoadRequest& request, LoadControl& control) override {
    const LoadRequest with_defaults = WithDefaults(request);
    ASSIGN_OR_RETURN(const WorkerLayout workers, LayoutFor(request));
    return CatchExceptions([&] {
      return ModelLoad(with_defaults, workers, control, options_.wrap_executor)
          .Run();
    });
  }

  absl::StatusOr<PlannedLoad> Plan(const LoadRequest& request) override {
    const LoadRequest with_defaults = WithDefaults(request);
    LoadControl control;
    ASSIGN_OR_RETURN(const WorkerLayout workers, LayoutFor(request));
    return CatchExceptions([&] {
      return ModelLoad(with_defaults, workers, control, options_.wrap_executor)
          .Plan();
    });
  }

 private:
  LoadRequest WithDefaults(LoadRequest request) const {
    if (!request.options.dtype) request.options.dtype = options_.dtype;
    return request;
  }

  absl::StatusOr<WorkerLayout> LayoutFor(const LoadRequest& request) const {
    ReplicaOptions replicas = options_.replicas;
    replicas.loading_strategy =
        request.options.loading_strategy.value_or(replicas.loading_strategy);
    absl::StatusOr<WorkerLayout> workers = WithReplicas(workers_, replicas);
    if (!workers.ok()) return WithField(workers.status(), "loading_strategy");
    return workers;
  }

  const ModelLoaderOptions options_;
  SystemClock clock_;
  std::unique_ptr<BandwidthLimit> bandwidth_limit_;
  WorkerLayout workers_;
};

// Where no GPU is seen: what is missing.
std::string WhyNoGpu() {
  void* const driver = dlopen("libcuda.so.1", RTLD_LAZY);
  if (driver == nullptr) {
    return "no GPU is visible to this process: it finds no libcuda.so.1, which "
           "comes with NVIDIA's driver, or with GPUs for a container (docker "
           "run --gpus all, nvidia.com/gpu in Kubernetes)";
  }
  dlclose(driver);
  return "no GPU is visible to this process: CUDA_VISIBLE_DEVICES may hide "
         "them";
}

// How many are visible, at least one, or why none is.
absl::StatusOr<int> FindGpus(const ModelLoaderOptions& options) {
  if (options.num_gpus.has_value()) return *options.num_gpus;
  if (!CheckIsBuilt(TransportKind::kNccl).ok()) {
    return absl::UnimplementedError(
        "this build has no GPU support, which takes --config=cuda");
  }
  const int gpus = CountGpus();
  if (gpus == 0) return absl::NotFoundError(WhyNoGpu());
  return gpus;
}

// Whether any load could go well.
absl::Status CheckReplicas(const std::vector<Device>& devices,
                           const ReplicaOptions& replicas) {
  if (replicas.transport.has_value()) {
    const absl::Status built = CheckIsBuilt(*replicas.transport);
    if (!built.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("transport: ", built.message()));
    }
  }
  WorkerLayout workers;
  workers.devices = devices;
  return WithReplicas(std::move(workers), replicas).status();
}

}  // namespace

absl::StatusOr<std::unique_ptr<ModelLoader>> MakeModelLoader(
    const ModelLoaderOptions& options) {
  PrepareTransports();  // before a driver of GPUs has threads
  const absl::StatusOr<int> num_gpus = FindGpus(options);
  ASSIGN_OR_RETURN(std::vector<Device> devices,
                   ResolveDevices(options.devices, num_gpus));
  if (devices.empty() || devices.size() > kMaxWorkers) {
    return absl::InvalidArgumentError(
        absl::StrCat(devices.size(), " devices, expected 1 to ", kMaxWorkers));
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
  if (options.device_memory_limit < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("device_memory_limit=", options.device_memory_limit,
                     ", expected bytes, or 0 for what is free"));
  }
  if (options.transport_timeout <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError(
        absl::StrCat("transport_timeout is ",
                     absl::FormatDuration(options.transport_timeout),
                     ", expected more than 0s"));
  }
  RETURN_IF_ERROR(CheckReplicas(devices, options.replicas));
  const bool is_auto = options.devices == std::vector<std::string>{"auto"};
  if (is_auto && absl::IsNotFound(num_gpus.status())) {
    LOG(WARNING) << num_gpus.status().message() << ": serving on the CPU";
  }
  return std::make_unique<LocalModelLoader>(options, std::move(devices));
}

}  // namespace transformerd
