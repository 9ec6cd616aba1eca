// CUDA's graphs, which register themselves where a program links this.
#include <ATen/cuda/CUDAGraph.h>
#include <c10/core/Allocator.h>
#include <c10/util/Exception.h>

#include <memory>

#include "model/reference/device_graph.h"

namespace transformerd {
namespace {

class CudaGraph : public DeviceGraph {
 public:
  CudaGraph(c10::MempoolId_t memory, absl::FunctionRef<void()> launch) {
    // Other threads may meanwhile allocate, and copy weights of a load.
    graph_.capture_begin(memory, cudaStreamCaptureModeThreadLocal);
    try {
      launch();
    } catch (...) {
      EndFailedCapture();
      throw;
    }
    graph_.capture_end();
  }

  void Replay() override { graph_.replay(); }

 private:
  // The stream is of no use to anybody before.
  void EndFailedCapture() {
    try {
      graph_.capture_end();
    } catch (const c10::Error&) {  // NOLINT(bugprone-empty-catch)
      // It says again that the capture failed.
    }
  }

  at::cuda::CUDAGraph graph_;
};

class CudaGraphs : public DeviceGraphs {
 public:
  std::unique_ptr<DeviceGraph> Capture(
      absl::FunctionRef<void()> launch) override {
    return std::make_unique<CudaGraph>(memory_, launch);
  }

 private:
  const c10::MempoolId_t memory_ = at::cuda::graph_pool_handle();
};

const bool is_registered = RegisterGpuGraphs(
    [](at::Device /*device*/) { return std::make_unique<CudaGraphs>(); });

}  // namespace
}  // namespace transformerd
