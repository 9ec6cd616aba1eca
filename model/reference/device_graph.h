// What a GPU was asked to do, to be asked again at once.
#pragma once

#include <c10/core/Device.h>

#include <functional>
#include <memory>

#include "absl/functional/function_ref.h"

namespace transformerd {

// Not thread-safe, nor are graphs that came from the same DeviceGraphs beside
// each other. Errors: c10::Error.
class DeviceGraph {
 public:
  virtual ~DeviceGraph() = default;

  // Has the current stream do all of it, with what the memory that it was
  // captured with holds by then.
  virtual void Replay() = 0;
};

// Makes graphs of one device. What they compute in between lies in memory that
// they share: they are to be replayed on one stream.
class DeviceGraphs {
 public:
  virtual ~DeviceGraphs() = default;

  // Calls `launch` and keeps what it has the current stream do, which must not
  // be the default one; nothing is done yet. What was allocated meanwhile stays
  // as long as some graph, but tensors that nobody keeps may be written over
  // by the graphs that follow. `launch` must not wait for the device. Errors:
  // c10::Error, also what `launch` throws.
  virtual std::unique_ptr<DeviceGraph> Capture(
      absl::FunctionRef<void()> launch) = 0;
};

// Null where this program has no graphs for the device.
std::unique_ptr<DeviceGraphs> MakeDeviceGraphs(at::Device device);

// Has MakeDeviceGraphs make graphs for GPUs; for static initialisers.
using DeviceGraphsFactory =
    std::function<std::unique_ptr<DeviceGraphs>(at::Device device)>;
bool RegisterGpuGraphs(DeviceGraphsFactory factory);

}  // namespace transformerd
