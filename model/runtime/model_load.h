// One load, from a folder to a model that has answered.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "model/checkpoint/checkpoint_reader.h"
#include "model/config/sentence_transformers.h"
#include "model/families/families.h"
#include "model/loading/bandwidth_limit.h"
#include "model/loading/load_control.h"
#include "model/loading/load_plan.h"
#include "model/loading/mismatch_report.h"
#include "model/loading/name_map.h"
#include "model/loading/throttled_reader.h"
#include "model/modules/transformer.h"
#include "model/runtime/device_room.h"
#include "model/runtime/engine.h"
#include "model/runtime/executor.h"
#include "model/runtime/load_parts.h"
#include "model/runtime/loaded_model.h"
#include "model/runtime/packed_model.h"
#include "model/runtime/planned_load.h"
#include "model/runtime/tensor_executor.h"
#include "model/runtime/worker_layout.h"

namespace transformerd {

// Holds the state of one load between its steps. Used once, by one thread.
class ModelLoad {
 public:
  // The references must outlive the object.
  ModelLoad(const LoadRequest& request, const WorkerLayout& workers,
            LoadControl& control, const WrapExecutor& wrap_executor);

  // See ModelLoader::Load.
  absl::StatusOr<std::unique_ptr<LoadedModel>> Run();

  // See ModelLoader::Plan. Instead of Run.
  absl::StatusOr<PlannedLoad> Plan();

 private:
  // Config and architecture; reads no weights.
  absl::Status ReadConfig();
  // The same of a model of several parts.
  absl::Status ReadPartConfigs();
  // Headers and names.
  absl::Status MatchNames();
  MismatchReport Mismatches() const;
  LoadPlanOptions PlanOptions() const;
  // The checked plan.
  absl::Status MakePlan();
  // Adds up what the plan needs. RESOURCE_EXHAUSTED where that is more than
  // int64 holds.
  absl::Status CountHostMemory();
  // Of all replicas, which have so many bytes of weights each.
  DeviceBytes BytesOnDevices(int64_t weight_bytes) const;
  // Every byte of weights.
  absl::Status Stream();
  // Of all replicas, tied copies that turned out to be equal to one.
  absl::Status BindSlotsToWeights();
  absl::Status BindSlotsOf(Replica& replica, absl::Span<const SlotTie> ties);

  absl::Status OpenWeights();
  const CheckpointReader& unthrottled() const;
  // All reads go through it.
  const CheckpointReader& reader() const;
  absl::StatusOr<DType> ChooseDType() const;
  const Replica& ReplicaOf(int worker) const;
  void MakeTensorExecutor(int worker, const Signature& model,
                          const ExecutorOptions& options);
  void MakeSignatureAndExecutors();
  void Report();

  const LoadRequest& request_;
  const WorkerLayout& workers_;
  LoadControl& control_;
  const WrapExecutor& wrap_executor_;

  const Family* family_ = nullptr;
  SentenceTransformersConfig sentence_config_;
  DType config_dtype_ = DType::kF32;  // read where there is no checkpoint
  // Null where there are parts, whose checkpoints are joined.
  std::unique_ptr<CheckpointReader> checkpoint_;
  DescribedParts described_parts_;
  OpenedParts opened_parts_;
  MismatchReport part_mismatch_;
  // Reads from it no faster than allowed; null where there is no limit.
  std::unique_ptr<ThrottledReader> throttled_;
  DType dtype_ = DType::kF32;  // asked for, or the checkpoint's
  Engine engine_;
  NameMap name_map_;
  std::unique_ptr<LoadPlan> plan_;
  MemoryNeed host_memory_;  // of the plan
  std::unique_ptr<PackedModelParts> parts_;
  // Of a module that takes whole tensors.
  std::vector<std::unique_ptr<TensorExecutor>> tensor_executors_;
  std::unique_ptr<LoadedModel> model_;
};

}  // namespace transformerd
