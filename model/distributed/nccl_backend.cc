#include "model/distributed/nccl_backend.h"

#include <c10/cuda/CUDAFunctions.h>
#include <c10/util/intrusive_ptr.h>

#include <cstdlib>
#include <torch/csrc/distributed/c10d/HashStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

#include "absl/strings/str_cat.h"
#include "model/base/status_macros.h"

namespace transformerd {

int CountCudaDevices() { return c10::cuda::device_count(); }

void KeepNcclFromEndingTheProcess() {
  constexpr int kReplace = 1;
  // 2: clean up after a failed collective, and let the process live.
  setenv("TORCH_NCCL_ASYNC_ERROR_HANDLING", "2", kReplace);
  setenv("TORCH_NCCL_ENABLE_MONITORING", "0", kReplace);
  // Work::wait blocks the thread, as Gloo's does, and not the stream.
  setenv("TORCH_NCCL_BLOCKING_WAIT", "1", kReplace);
}

absl::StatusOr<C10dBackend> MakeNcclBackend(const std::vector<int>& gpus,
                                            absl::Duration timeout) {
  RETURN_IF_ERROR(CheckC10dIsPrepared());
  const int visible = CountCudaDevices();
  C10dBackend backend;
  backend.name = "nccl";
  for (const int gpu : gpus) {
    if (gpu < 0 || gpu >= visible) {
      return absl::FailedPreconditionError(absl::StrCat(
          "nccl: there is no GPU ", gpu, ", ", visible, " are visible"));
    }
    backend.devices.emplace_back(c10::kCUDA, gpu);
  }
  const auto store = c10::make_intrusive<c10d::HashStore>();
  const int world_size = static_cast<int>(gpus.size());
  backend.connect = [=](int rank) -> c10::intrusive_ptr<c10d::Backend> {
    c10::cuda::set_device(gpus[rank]);
    const auto options = c10d::ProcessGroupNCCL::Options::create();
    options->timeout = absl::ToChronoMilliseconds(timeout);
    return c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, world_size,
                                                       options);
  };
  return backend;
}

}  // namespace transformerd
