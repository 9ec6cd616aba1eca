#include "model/reference/device_graph.h"

#include <utility>

namespace transformerd {
namespace {

DeviceGraphsFactory& GpuGraphs() {
  static auto* const factory = new DeviceGraphsFactory;
  return *factory;
}

}  // namespace

std::unique_ptr<DeviceGraphs> MakeDeviceGraphs(at::Device device) {
  if (!device.is_cuda() || !GpuGraphs()) return nullptr;
  return GpuGraphs()(device);
}

bool RegisterGpuGraphs(DeviceGraphsFactory factory) {
  GpuGraphs() = std::move(factory);
  return true;
}

}  // namespace transformerd
