// Which engine computes a model.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/base/device.h"
#include "model/base/dtype.h"
#include "model/config/architecture.h"
#include "model/config/pooling.h"
#include "model/kernels/instruction_set.h"
#include "model/loading/load_control.h"
#include "model/modules/transformer.h"
#include "model/runtime/engine_options.h"
#include "model/runtime/executor.h"
#include "model/runtime/replica.h"
#include "model/runtime/signature.h"

namespace transformerd {

struct ExecutorOptions {
  PoolingKind pooling = PoolingKind::kNone;
  bool normalize = false;
  // Most threads that one call uses, small batches fewer; at least 1.
  int num_threads = 1;
};

// The engine of one model. Its steps in their order are Reserve, before the
// load is planned; Prepare, once the slots are filled; MakeExecutor.
class Engine {
 public:
  // Of `dtype` I8, the weights of the blocks' linears are; all else is BF16
  // where the processor multiplies that itself, else F32.
  //
  // FAILED_PRECONDITION with reason UNSUPPORTED where what the options ask for,
  // or I8, cannot be had for this model on this device, which is a CPU with the
  // `features`, or another.
  static absl::StatusOr<Engine> Choose(const EngineOptions& options,
                                       const Architecture& architecture,
                                       DType dtype, const Device& device,
                                       const kernels::CpuFeatures& features);

  void Reserve(const Architecture& architecture,
               const Transformer& transformer) const;
  // Of the parameters that Reserve and Prepare are given: what the engine
  // computes in.
  DType parameter_dtype() const { return parameter_dtype_; }

  // Lays the weights out as the engine reads them, and gives back the memory
  // that they no longer need. Errors: the reason of the load's cancellation.
  absl::Status Prepare(const Architecture& architecture,
                       const LoadControl& control, Replica& replica) const;
  // The references must outlive the executor.
  std::unique_ptr<Executor> MakeExecutor(const Architecture& architecture,
                                         const Replica& replica,
                                         const Signature& signature,
                                         const ExecutorOptions& options) const;

  // Facts for people: the engine, its instructions, why it is not another one,
  // what it computes in where that is not the dtype that was chosen.
  std::map<std::string, std::string> properties() const;

 private:
  // Nothing: the reference engine.
  std::optional<kernels::InstructionSet> native_;
  std::string why_not_native_;
  DType parameter_dtype_ = DType::kF32;
  bool int8_ = false;
  bool cuda_graphs_ = true;
};

}  // namespace transformerd
