#include "model/reference/reference_executor.h"

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/TensorOptions.h>

#include <optional>
#include <utility>

#include "glog/logging.h"
#include "model/reference/captured_passes.h"
#include "model/reference/device_graph.h"
#include "model/reference/downloads.h"
#include "model/reference/forward_pass.h"
#include "model/reference/tensors.h"
#include "model/reference/worker_stream.h"
#include "model/runtime/useful_threads.h"

namespace transformerd {
namespace {

// Multiplications and additions of the blocks' linears for one token.
double FlopsPerToken(const StackRecipe& stack, int64_t hidden_size) {
  const double hidden = static_cast<double>(hidden_size);
  const double attention =
      4.0 * hidden *
      static_cast<double>(stack.num_attention_heads * stack.head_size);
  const double mlp =
      2.0 * hidden * static_cast<double>(stack.intermediate_size);
  return 2.0 * static_cast<double>(stack.num_hidden_layers) * (attention + mlp);
}

ForwardPass::Options PassOptionsOf(const Transformer& transformer,
                                   const ReferenceExecutorOptions& options) {
  return {options.pooling, options.normalize,
          at::TensorOptions(ScalarTypeOf(transformer.dtype()))
              .device(AtDeviceOf(options.device))};
}

class ReferenceExecutor : public Executor {
 public:
  ReferenceExecutor(const Architecture& architecture,
                    const Transformer& transformer, const Signature& signature,
                    const ReferenceExecutorOptions& options)
      : num_threads_(options.num_threads),
        pass_(architecture, transformer, signature,
              PassOptionsOf(transformer, options)),
        flops_per_token_(
            FlopsPerToken(architecture.stack, architecture.hidden_size)),
        flops_per_decoder_token_(
            architecture.decoder
                ? FlopsPerToken(*architecture.decoder, architecture.hidden_size)
                : 0) {
    CHECK_GE(num_threads_, 1);
    auto graphs =
        options.cuda_graphs ? MakeDeviceGraphs(pass_.device()) : nullptr;
    if (graphs != nullptr) {
      captured_.emplace(pass_, signature, std::move(graphs));
    }
  }

  absl::StatusOr<PackedOutputs> Run(const PackedBatch& batch) override {
    return CatchTorch([&]() -> absl::StatusOr<PackedOutputs> {
      // The setting belongs to the calling thread.
      const int num_threads = NumThreads(batch);
      if (at::get_num_threads() != num_threads) {
        at::set_num_threads(num_threads);
      }
      const WorkerStream stream(pass_.device());
      const c10::InferenceMode inference_mode;
      PassInputs inputs = pass_.MakeInputs(batch);
      if (captured_) {
        std::optional<PackedOutputs> outputs = captured_->Run(batch, inputs);
        if (outputs) return *std::move(outputs);
      }
      Send(inputs, pass_.device());
      Downloads outputs(batch.outputs.size());
      pass_.Run(batch, inputs, [&](size_t index, const at::Tensor& output) {
        outputs.Start(index, output);
      });
      return std::move(outputs).Take();
    });
  }

 private:
  int NumThreads(const PackedBatch& batch) const {
    const double flops =
        flops_per_token_ * static_cast<double>(batch.num_tokens()) +
        flops_per_decoder_token_ *
            static_cast<double>(batch.decoder.num_tokens());
    return UsefulThreads(flops, num_threads_);
  }

  const int num_threads_;
  const ForwardPass pass_;
  std::optional<CapturedPasses> captured_;
  const double flops_per_token_;
  const double flops_per_decoder_token_;
};

}  // namespace

std::unique_ptr<Executor> MakeReferenceExecutor(
    const Architecture& architecture, const Transformer& transformer,
    const Signature& signature, const ReferenceExecutorOptions& options) {
  return std::make_unique<ReferenceExecutor>(architecture, transformer,
                                             signature, options);
}

}  // namespace transformerd
