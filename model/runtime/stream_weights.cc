#include "model/runtime/stream_weights.h"

#include <memory>
#include <utility>

#include "model/base/status_macros.h"
#include "model/distributed/transports.h"
#include "model/loading/watched_transport.h"
#include "model/loading/weight_loader.h"
#include "model/reference/tensor_memory.h"

namespace transformerd {

absl::Status StreamWeights(const LoadPlan& plan, const CheckpointReader& reader,
                           const WorkerLayout& workers, LoadControl& control,
                           std::vector<Replica>& replicas, LoadReport& report) {
  TransportOptions transport;
  transport.kind = workers.transport;
  transport.world_size = static_cast<int>(replicas.size());
  transport.timeout = workers.transport_timeout;
  if (transport.kind == TransportKind::kNccl) {
    for (const Device& device : workers.devices) {
      transport.gpus.push_back(device.index);
    }
  }
  ASSIGN_OR_RETURN(const auto transports, MakeTransports(transport));
  std::vector<std::unique_ptr<WeightTransport>> watched;
  std::vector<LoadRank> ranks;
  for (size_t i = 0; i < replicas.size(); ++i) {
    watched.push_back(
        std::make_unique<WatchedTransport>(*transports[i], control));
    if (!replicas[i].device.is_cpu()) {
      replicas[i].device_memory = MakeTensorMemory(replicas[i].device);
    }
    ranks.push_back({replicas[i].transformer->slots(), watched[i].get(),
                     replicas[i].device_memory.get()});
  }
  WeightLoaderOptions options;
  options.strategy = workers.loading_strategy;
  options.sends_between_devices = transport.kind == TransportKind::kNccl;
  ASSIGN_OR_RETURN(LoadedWeights weights,
                   LoadWeights(plan, reader, ranks, control, options));
  for (size_t i = 0; i < replicas.size(); ++i) {
    replicas[i].arena = std::move(weights.arenas[i]);
  }
  report.bytes_read = weights.bytes_read;
  report.bytes_broadcast = weights.bytes_broadcast;
  return absl::OkStatus();
}

}  // namespace transformerd
