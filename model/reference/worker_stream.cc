#include "model/reference/worker_stream.h"

#include <c10/core/Stream.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <map>

namespace transformerd {
namespace {

// LibTorch keeps streams for ever and hands them out in turn.
c10::Stream StreamOfThread(at::Device device) {
  thread_local std::map<at::DeviceIndex, c10::Stream> streams;
  const auto found = streams.find(device.index());
  if (found != streams.end()) return found->second;
  const c10::impl::VirtualGuardImpl backend(device.type());
  return streams
      .emplace(device.index(), backend.getStreamFromGlobalPool(device))
      .first->second;
}

}  // namespace

WorkerStream::WorkerStream(at::Device device) {
  if (!device.is_cpu()) guard_.reset_stream(StreamOfThread(device));
}

}  // namespace transformerd
