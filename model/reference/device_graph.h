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

// Makes graphs of one device, which it must outlive. They share memory: what
// one of them computed holds until another is replayed, so that all are to be
// replayed on one stream.
class DeviceGraphs {
 public:
  virtual ~DeviceGraphs() = default;

  // Calls `launch` with another stream as the current one, and keeps what it
  // has that stream do; nothing is done yet. Tensors that `launch` leaves
  // behind are what replays compute; those that it does not keep may be written
  // over by the graphs that follow. It must not wait for the device, nor copy
  // to or from the host. Errors: c10::Error, also what `launch` throws.
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
