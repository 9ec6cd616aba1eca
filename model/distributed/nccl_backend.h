// Process groups of NCCL, in builds with --config=cuda.
#pragma once

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "model/distributed/c10d_transport.h"

namespace transformerd {

// GPUs that this process sees; 0 where there is no driver.
int CountCudaDevices();

// Keeps c10d from ending the process where a collective fails or hangs. To be
// called before the process has a second thread: it sets variables of the
// environment, for c10d reads its settings there.
void KeepNcclFromEndingTheProcess();

// A fresh group for the threads of this process, one GPU each. Whatever takes
// longer than `timeout` fails.
absl::StatusOr<C10dBackend> MakeNcclBackend(const std::vector<int>& gpus,
                                            absl::Duration timeout);

}  // namespace transformerd
