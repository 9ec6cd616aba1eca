// Carries out a load plan: one read, however many ranks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "model/checkpoint/checkpoint_reader.h"
#include "model/loading/arena.h"
#include "model/loading/device_memory.h"
#include "model/loading/load_control.h"
#include "model/loading/load_plan.h"
#include "model/loading/loading_strategy.h"
#include "model/loading/transport.h"
#include "model/modules/parameter_slot.h"

namespace transformerd {

// One replica to be filled.
struct LoadRank {
  // Its own slots, for the comparison with the plan; they are not touched.
  absl::Span<const std::unique_ptr<ParameterSlot>> slots;
  WeightTransport* transport = nullptr;
  // Where the weights are to be, or null: in an arena. All ranks or none have
  // one.
  DeviceMemory* device = nullptr;
};

struct WeightLoaderOptions {
  LoadingStrategy strategy = LoadingStrategy::kMemoryEfficient;
  SourcePolicy source = SourcePolicy::kRankZero;
  // Where the memory of each rank comes from; called by the rank's thread.
  std::function<absl::StatusOr<std::unique_ptr<Arena>>(int64_t size_bytes)>
      allocate = Arena::Create;
  // Whether the transport sends from device to device. Else each rank copies to
  // its own from the arena that was read into.
  bool sends_between_devices = false;
};

struct LoadedWeights {
  // One a rank; null where the rank has a device and did not read.
  std::vector<std::unique_ptr<Arena>> arenas;
  // From the checkpoint: each byte once, or once a rank where each reads. A
  // tensor that does not lie in a row counts as if it did; what it spans is
  // read once by each rank that fills a bucket of it.
  int64_t bytes_read = 0;
  int64_t bytes_broadcast = 0;  // received by ranks other than the source
};

// Fills one arena or device a rank, all with the same bytes. Blocks; uses one
// thread a rank, and one for each rank that reads, which for rank 0 is the
// caller's.
// ranks[i] must have the transport of rank i of one fresh group.
//
// 1. Every rank compares the plan with its slots, allocates its memory, and
//    agrees with the others that all of this went well. Nothing is read before.
// 2. The rank that reads a bucket fills it in its own arena while the bucket
//    before it is being copied to devices or broadcast.
// 3. The ranks agree once more, that all of them have all of it.
// A rank that fails or throws, a read error or a cancellation of `control`
// stops all ranks within a bucket; the error of the first failure is returned,
// all threads are joined and all memory is given back.
//
// Sets the phases kAllocate and kStream, the totals and the progress.
absl::StatusOr<LoadedWeights> LoadWeights(
    const LoadPlan& plan, const CheckpointReader& reader,
    absl::Span<const LoadRank> ranks, LoadControl& control,
    const WeightLoaderOptions& options = {});

}  // namespace transformerd
