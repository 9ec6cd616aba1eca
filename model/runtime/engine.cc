#include "model/runtime/engine.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"
#include "model/kernels/kernels.h"
#include "model/loading/arena.h"
#include "model/native/coverage.h"
#include "model/native/distance_tables.h"
#include "model/native/native_executor.h"
#include "model/native/packed_slots.h"
#include "model/native/weights.h"
#include "model/reference/reference_executor.h"

namespace transformerd {
namespace {

constexpr char kReservedFor[] =
    " come from the native engine alone, which does not run ";

std::string Refusal(const EngineOptions& options, bool int8) {
  if (int8) return absl::StrCat("answers in I8", kReservedFor);
  if (options.deterministic) {
    return absl::StrCat("deterministic answers", kReservedFor);
  }
  return "the native engine does not run ";
}

// Gives back what lies behind packed forms that are shorter than the plain
// ones.
void DiscardRests(const std::vector<PackedSlot>& slots, Arena& arena) {
  for (const PackedSlot& packed : slots) {
    const ParameterSlot& slot = *packed.slot;
    if (!slot.is_filled()) continue;
    const int64_t held = std::max(slot.size_bytes(), slot.reserved_bytes());
    const int64_t begin = slot.storage() - arena.bytes().data();
    const int64_t used = PackedBytes(packed);
    arena.Discard(begin + used, held - used);
  }
}

}  // namespace

absl::StatusOr<Engine> Engine::Choose(const EngineOptions& options,
                                      const Architecture& architecture,
                                      DType dtype, const Device& device,
                                      const kernels::CpuFeatures& features) {
  Engine engine;
  engine.int8_ = dtype == DType::kI8;
  engine.cuda_graphs_ = options.cuda_graphs;
  engine.parameter_dtype_ = dtype;
  if (engine.int8_) {
    engine.parameter_dtype_ = features.avx512bf16 ? DType::kBF16 : DType::kF32;
  }
  const auto instructions = kernels::BestInstructionSet(features);
  if (options.kind == EngineKind::kReference) {
    engine.why_not_native_ = "the reference engine was asked for";
  } else if (!device.is_cpu()) {
    engine.why_not_native_ = "it runs on the CPU alone";
  } else if (!instructions) {
    engine.why_not_native_ = "the processor has no AVX2";
  } else {
    engine.why_not_native_ = WhyNotNative(architecture, dtype).value_or("");
  }
  if (engine.why_not_native_.empty()) {
    engine.native_ = instructions;
  } else if (options.kind == EngineKind::kNative || options.deterministic ||
             engine.int8_) {
    return WithReason(
        absl::FailedPreconditionError(absl::StrCat(
            Refusal(options, engine.int8_), architecture.class_name, ": ",
            engine.why_not_native_)),
        Reason::kUnsupported);
  }
  return engine;
}

void Engine::Reserve(const Architecture& architecture,
                     const Transformer& transformer) const {
  if (!native_) return;
  ReservePackedSlots(PackedSlotsOf(architecture, transformer, int8_));
  ReserveDistanceTables(architecture, transformer);
}

absl::Status Engine::Prepare(const Architecture& architecture,
                             const LoadControl& control,
                             Replica& replica) const {
  if (!native_) return absl::OkStatus();
  const std::vector<PackedSlot> slots =
      PackedSlotsOf(architecture, *replica.transformer, int8_);
  RETURN_IF_ERROR(PackSlots(slots, control));
  DiscardRests(slots, *replica.arena);
  replica.native_weights = std::make_unique<NativeWeights>(
      architecture, *replica.transformer, int8_,
      kernels::KernelsFor(*native_, parameter_dtype_));
  return absl::OkStatus();
}

std::unique_ptr<Executor> Engine::MakeExecutor(
    const Architecture& architecture, const Replica& replica,
    const Signature& signature, const ExecutorOptions& options) const {
  if (!native_) {
    return MakeReferenceExecutor(
        architecture, *replica.transformer, signature,
        {options.pooling, options.normalize, options.num_threads,
         replica.device, cuda_graphs_});
  }
  return MakeNativeExecutor(
      architecture, *replica.native_weights, replica.transformer->dtype(),
      signature,
      {*native_, options.pooling, options.normalize, options.num_threads});
}

std::map<std::string, std::string> Engine::properties() const {
  if (!native_) {
    return {{"engine", "reference"}, {"why_not_native", why_not_native_}};
  }
  std::map<std::string, std::string> properties = {
      {"engine", "native"},
      {"instruction_set", std::string(kernels::NameOf(*native_))}};
  if (int8_) {
    properties["compute_dtype"] = std::string(NameOf(parameter_dtype_));
  }
  return properties;
}

}  // namespace transformerd
