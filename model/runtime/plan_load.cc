// The dry run of a load: all of it that needs no weights.
#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "model/base/error_details.h"
#include "model/base/shape.h"
#include "model/base/status_macros.h"
#include "model/loading/staging_bytes.h"
#include "model/loading/tied_weights.h"
#include "model/runtime/model_load.h"

namespace transformerd {
namespace {

// The same map with every tensor that does not fit its slot taken for missing.
NameMap WithoutMisfits(NameMap name_map, const MismatchReport& mismatch) {
  const auto is_in = [](const std::vector<Misfit>& misfits,
                        const std::string& key) {
    return std::any_of(misfits.begin(), misfits.end(),
                       [&](const Misfit& misfit) { return misfit.key == key; });
  };
  for (SlotMapping& mapping : name_map.slots) {
    if (mapping.source == SlotSource::kEntry &&
        (is_in(mismatch.shapes, mapping.key) ||
         is_in(mismatch.dtypes, mapping.key))) {
      mapping.source = SlotSource::kMissing;
    }
  }
  return name_map;
}

}  // namespace

absl::StatusOr<PlannedLoad> ModelLoad::Plan() {
  RETURN_IF_ERROR(ReadConfig());
  RETURN_IF_ERROR(MatchNames());
  const auto& slots = parts_->replicas.front().transformer->slots();
  LoadPlanOptions options = PlanOptions();
  PlannedLoad planned;
  planned.mismatch = Mismatches();
  TieSharedTensors(slots, reader().entries(), name_map_);
  options.strict = false;
  ASSIGN_OR_RETURN(
      LoadPlan plan,
      LoadPlan::Create(slots, reader().entries(),
                       WithoutMisfits(name_map_, planned.mismatch), options));
  plan_ = std::make_unique<LoadPlan>(std::move(plan));
  RETURN_IF_ERROR(CountHostMemory());

  planned.architecture = parts_->architecture.class_name;
  planned.family = parts_->architecture.family;
  planned.dtype = dtype_;
  planned.parameters = plan_->num_parameters();
  planned.tensors_read = plan_->payload_tensors();
  planned.bytes_read = plan_->payload_bytes() * workers_.num_readers();
  planned.weight_bytes = plan_->arena_bytes();
  planned.replicas = workers_.num_replicas();
  planned.bytes_broadcast =
      planned.weight_bytes * (planned.replicas - workers_.num_readers());
  planned.host = host_memory_;
  planned.device_bytes = BytesOnDevices(planned.weight_bytes);
  planned.device_free_bytes = workers_.device_room.Free(workers_.devices);
  if (planned.mismatch.missing.empty()) planned.initialized = name_map_.missing;
  planned.unused_keys = name_map_.unused;
  planned.warnings = name_map_.warnings;
  return planned;
}

DeviceBytes ModelLoad::BytesOnDevices(int64_t weight_bytes) const {
  DeviceBytes bytes;
  for (const Replica& replica : parts_->replicas) {
    bytes[NameOf(replica.device)] += weight_bytes;
  }
  return bytes;
}

absl::Status ModelLoad::CountHostMemory() {
  const int64_t arena_bytes = plan_->arena_bytes();
  // Each reader has its own.
  const int64_t staging_bytes = StagingBytes(*plan_) * workers_.num_readers();
  const int arenas =
      workers_.is_on_gpus() ? workers_.num_readers() : workers_.num_replicas();
  const std::optional<int64_t> weight_bytes =
      CheckedMultiply(arena_bytes, arenas);
  if (!weight_bytes || !CheckedAdd(*weight_bytes, staging_bytes)) {
    return WithReason(absl::ResourceExhaustedError(absl::StrCat(
                          arenas, " replicas of ", arena_bytes,
                          " bytes of weights are more than can be counted")),
                      Reason::kResourceLimit);
  }
  host_memory_ = {*weight_bytes, staging_bytes};
  if (workers_.is_on_gpus()) host_memory_ = {0, host_memory_.total()};
  return absl::OkStatus();
}

}  // namespace transformerd
