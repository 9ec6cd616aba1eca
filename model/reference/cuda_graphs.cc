// CUDA's graphs, which register themselves where a program links this.
//
// LibTorch's own CUDAGraph is not used: where a capture fails, the version that
// this is built with leaves its allocator believing that one is under way.
#include <ATen/cuda/CUDAContextLight.h>
#include <ATen/cuda/MemPool.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime_api.h>

#include <iterator>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <tuple>

#include "model/reference/device_graph.h"

namespace transformerd {
namespace {

namespace allocator = c10::cuda::CUDACachingAllocator;

// No stream of LibTorch's, of which there are few: nothing that other threads
// launch may get into a capture, nor may they wait for its stream.
class OwnStream {
 public:
  explicit OwnStream(c10::DeviceIndex device) : device_(device) {
    const c10::cuda::CUDAGuard guard(device);
    C10_CUDA_CHECK(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
  }
  ~OwnStream() { C10_CUDA_IGNORE_ERROR(cudaStreamDestroy(stream_)); }
  OwnStream(const OwnStream&) = delete;
  OwnStream& operator=(const OwnStream&) = delete;

  cudaStream_t get() const { return stream_; }
  c10::cuda::CUDAStream for_torch() const {
    return c10::cuda::getStreamFromExternal(stream_, device_);
  }

 private:
  const c10::DeviceIndex device_;
  cudaStream_t stream_ = nullptr;
};

// Memory that LibTorch's allocator keeps for nothing else. Not
// at::cuda::MemPool, whose destructor empties it, which must not be while
// another model captures.
class Pool {
 public:
  explicit Pool(c10::DeviceIndex device) : device_(device) {
    allocator::createOrIncrefPool(device_, id_);
  }
  ~Pool() { allocator::releasePool(device_, id_); }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  c10::MempoolId_t id() const { return id_; }

 private:
  const c10::DeviceIndex device_;
  const c10::MempoolId_t id_ = at::cuda::MemPool::graph_pool_handle();
};

// Forgets the memory that cuBLAS was given for the stream, which LibTorch would
// keep for ever. It goes back to where it came from, and later graphs of the
// pool may use it, as they never run beside each other.
void ForgetWorkspaces(cudaStream_t stream) {
  for (auto* const workspaces :
       {&at::cuda::cublas_handle_stream_to_workspace(),
        &at::cuda::cublaslt_handle_stream_to_workspace()}) {
    const std::unique_lock<std::shared_mutex> lock(workspaces->mutex);
    auto& map = workspaces->map;
    for (auto entry = map.begin(); entry != map.end();) {
      const bool is_of_stream = std::get<1>(entry->first) == stream;
      entry = is_of_stream ? map.erase(entry) : std::next(entry);
    }
  }
}

// While it lives, memory for the stream comes from the pool.
class PoolUse {
 public:
  PoolUse(c10::DeviceIndex device, c10::MempoolId_t pool, cudaStream_t stream)
      : device_(device), pool_(pool), stream_(stream) {
    allocator::beginAllocateToPool(device, pool, [stream](cudaStream_t asking) {
      return asking == stream;
    });
  }
  ~PoolUse() {
    ForgetWorkspaces(stream_);
    allocator::endAllocateToPool(device_, pool_);
    allocator::releasePool(device_, pool_);
  }
  PoolUse(const PoolUse&) = delete;
  PoolUse& operator=(const PoolUse&) = delete;

 private:
  const c10::DeviceIndex device_;
  const c10::MempoolId_t pool_;
  const cudaStream_t stream_;
};

// What a stream was asked to do, not ready to be launched.
class RecordedGraph {
 public:
  RecordedGraph(const OwnStream& stream, absl::FunctionRef<void()> launch) {
    // Other threads may meanwhile allocate, and copy weights of a load.
    C10_CUDA_CHECK(
        cudaStreamBeginCapture(stream.get(), cudaStreamCaptureModeThreadLocal));
    try {
      const c10::cuda::CUDAStreamGuard guard(stream.for_torch());
      launch();
    } catch (...) {
      // The error that counts is the one at hand.
      C10_CUDA_IGNORE_ERROR(cudaStreamEndCapture(stream.get(), &graph_));
      Destroy();
      throw;
    }
    C10_CUDA_CHECK(cudaStreamEndCapture(stream.get(), &graph_));
  }
  ~RecordedGraph() { Destroy(); }
  RecordedGraph(const RecordedGraph&) = delete;
  RecordedGraph& operator=(const RecordedGraph&) = delete;

  cudaGraph_t get() const { return graph_; }

 private:
  void Destroy() {
    if (graph_ != nullptr) C10_CUDA_IGNORE_ERROR(cudaGraphDestroy(graph_));
  }

  cudaGraph_t graph_ = nullptr;
};

class CudaGraph : public DeviceGraph {
 public:
  CudaGraph(const RecordedGraph& recorded, const OwnStream& stream) {
    C10_CUDA_CHECK(cudaGraphInstantiate(&graph_, recorded.get(), /*flags=*/0));
    // The first launch would do it else, and might find no memory.
    const cudaError_t uploaded = cudaGraphUpload(graph_, stream.get());
    if (uploaded != cudaSuccess) {
      C10_CUDA_IGNORE_ERROR(cudaGraphExecDestroy(graph_));
    }
    C10_CUDA_CHECK(uploaded);
    C10_CUDA_CHECK(cudaStreamSynchronize(stream.get()));
  }
  ~CudaGraph() override { C10_CUDA_IGNORE_ERROR(cudaGraphExecDestroy(graph_)); }

  void Replay() override {
    C10_CUDA_CHECK(
        cudaGraphLaunch(graph_, c10::cuda::getCurrentCUDAStream().stream()));
  }

 private:
  cudaGraphExec_t graph_ = nullptr;
};

class CudaGraphs : public DeviceGraphs {
 public:
  explicit CudaGraphs(at::Device device)
      : device_(device.index()), stream_(device_), memory_(device_) {}

  std::unique_ptr<DeviceGraph> Capture(
      absl::FunctionRef<void()> launch) override {
    const c10::cuda::CUDAGuard guard(device_);
    const PoolUse memory(device_, memory_.id(), stream_.get());
    const RecordedGraph recorded(stream_, launch);
    return std::make_unique<CudaGraph>(recorded, stream_);
  }

 private:
  const c10::DeviceIndex device_;
  const OwnStream stream_;
  // What graphs compute in between; not given back while it lives.
  const Pool memory_;
};

const bool is_registered = RegisterGpuGraphs(
    [](at::Device device) { return std::make_unique<CudaGraphs>(device); });

}  // namespace
}  // namespace transformerd
