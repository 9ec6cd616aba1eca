#include "model/runtime/engine.h"

#include "absl/strings/str_cat.h"
#include "model/base/error_details.h"
#include "model/native/coverage.h"
#include "model/native/native_executor.h"
#include "model/native/packed_slots.h"
#include "model/native/weights.h"
#include "model/reference/reference_executor.h"

namespace transformerd {
absl::StatusOr<Engine> Engine::Choose(const EngineOptions& options,
                                      const Architecture& architecture,
                                      DType dtype,
                                      const kernels::CpuFeatures& features) {
  Engine engine;
  const auto instructions = kernels::BestInstructionSet(features);
  if (options.kind == EngineKind::kReference) {
    engine.why_not_native_ = "the reference engine was asked for";
  } else if (!instructions) {
    engine.why_not_native_ = "the processor has no AVX2";
  } else {
    engine.why_not_native_ = WhyNotNative(architecture, dtype).value_or("");
  }
  if (engine.why_not_native_.empty()) {
    engine.native_ = instructions;
  } else if (options.kind == EngineKind::kNative || options.deterministic) {
    return WithReason(
        absl::FailedPreconditionError(absl::StrCat(
            options.deterministic
                ? "deterministic answers come from the native "
                  "engine alone, which does not run "
                : "the native engine does not run ",
            architecture.class_name, ": ", engine.why_not_native_)),
        Reason::kUnsupported);
  }
  return engine;
}

void Engine::Reserve(const Architecture& architecture,
                     const Transformer& transformer) const {
  if (native_) ReservePackedSlots(PackedSlotsOf(architecture, transformer));
}

void Engine::Prepare(const Architecture& architecture, Replica& replica) const {
  if (!native_) return;
  PackSlots(PackedSlotsOf(architecture, *replica.transformer));
  replica.native_weights =
      std::make_unique<NativeWeights>(architecture, *replica.transformer);
}

std::unique_ptr<Executor> Engine::MakeExecutor(
    const Architecture& architecture, const Replica& replica,
    const Signature& signature, const ExecutorOptions& options) const {
  if (!native_) {
    return MakeReferenceExecutor(
        architecture, *replica.transformer, signature,
        {options.pooling, options.normalize, options.num_threads});
  }
  return MakeNativeExecutor(
      architecture, *replica.native_weights, replica.transformer->dtype(),
      signature,
      {*native_, options.pooling, options.normalize, options.num_threads});
}

std::map<std::string, std::string> Engine::properties() const {
  if (native_) {
    return {{"engine", "native"},
            {"instruction_set", std::string(kernels::NameOf(*native_))}};
  }
  return {{"engine", "reference"}, {"why_not_native", why_not_native_}};
}

}  // namespace transformerd
