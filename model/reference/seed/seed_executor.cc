#include "model/reference/seed/seed_executor.h"

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/TensorOptions.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "glog/logging.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"
#include "model/reference/seed/bimodal.h"
#include "model/reference/seed/seed_attention.h"
#include "model/reference/seed/seed_call.h"
#include "model/reference/seed/seed_embeddings.h"
#include "model/reference/seed/seed_layer.h"
#include "model/reference/seed/t5.h"
#include "model/reference/seed/vilbert.h"
#include "model/reference/tensors.h"
#include "model/reference/worker_stream.h"
#include "model/runtime/tensor_spec.h"
#include "model/runtime/useful_threads.h"

namespace transformerd {
namespace {

// Multiplications and additions for one token, if every parameter is used.
double FlopsPerToken(const Transformer& transformer) {
  double parameters = 0;
  for (const auto& slot : transformer.slots()) {
    parameters += static_cast<double>(*NumElements(slot->shape()));
  }
  return 2 * parameters;
}

// Bytes of scores that one attention may hold; above them the machine is more
// likely to end the daemon than to answer.
constexpr double kMaxScoreBytes = 16.0 * (int64_t{1} << 30);

// Heads of the attention that has most of them; 0: the module has none.
struct MostHeads {
  template <typename Recipe>
  int64_t operator()(const Recipe&) const {
    return 0;
  }
  int64_t operator()(const SelfAttentionRecipe& recipe) const {
    return recipe.attention.num_attention_heads;
  }
  int64_t operator()(const T5AttentionRecipe& recipe) const {
    return recipe.attention.num_attention_heads;
  }
  int64_t operator()(const AttentionLayerRecipe& recipe) const {
    return recipe.attention.num_attention_heads;
  }
  int64_t operator()(const TransformerLayerRecipe& recipe) const {
    return recipe.attention.num_attention_heads;
  }
  int64_t operator()(const TransformerStackRecipe& recipe) const {
    return (*this)(recipe.layer);
  }
  int64_t operator()(const BiModalAttentionRecipe& recipe) const {
    return recipe.num_attention_heads;
  }
  int64_t operator()(const BiModalEncoderRecipe& recipe) const {
    return std::max({(*this)(recipe.stack1), (*this)(recipe.stack2),
                     (*this)(recipe.connection)});
  }
  int64_t operator()(const T5Recipe& recipe) const {
    return recipe.attention.num_attention_heads;
  }
  int64_t operator()(const VilbertBackboneRecipe& recipe) const {
    return (*this)(recipe.encoder);
  }
};

class SeedExecutor : public TensorExecutor {
 public:
  SeedExecutor(const SeedRecipe& recipe, const SeedModule& module,
               const Transformer& transformer, const Signature& signature,
               int num_threads, const Device& device)
      : heads_(std::visit(MostHeads(), recipe)),
        module_(module),
        transformer_(transformer),
        signature_(signature),
        num_threads_(num_threads),
        weights_(at::TensorOptions(ScalarTypeOf(transformer.dtype()))
                     .device(AtDeviceOf(device))),
        flops_per_token_(FlopsPerToken(transformer)) {
    CHECK_GE(num_threads, 1);
  }

  absl::StatusOr<InferenceOutput> Run(const InferenceInput& input) override {
    RETURN_IF_ERROR(CheckScores(input));
    return CatchTorch([&]() -> absl::StatusOr<InferenceOutput> {
      // The setting belongs to the calling thread.
      const int num_threads = NumThreads(input);
      if (at::get_num_threads() != num_threads) {
        at::set_num_threads(num_threads);
      }
      const WorkerStream stream(weights_.device());
      const c10::InferenceMode inference_mode;
      SeedCall call(signature_, input, weights_);
      std::visit(
          [&call](const auto& module) { transformerd::Run(module, call); },
          module_);
      return std::move(call).Take();
    });
  }

 private:
  absl::Status CheckScores(const InferenceInput& input) const {
    const auto extent = [&input](Extent symbol) {
      return static_cast<double>(input.extents[-symbol - 1]);
    };
    const double tokens = std::max(extent(kTokens), extent(kOtherTokens));
    const double rows = std::max(extent(kBatch), extent(kPairs));
    const double bytes = rows * static_cast<double>(heads_) * tokens * tokens *
                         static_cast<double>(BytesOf(transformer_.dtype()));
    if (bytes <= kMaxScoreBytes) return absl::OkStatus();
    return WithReason(absl::ResourceExhaustedError(absl::StrCat(
                          "the scores of one attention would take ", bytes,
                          " bytes, at most ", kMaxScoreBytes,
                          " are allowed; send fewer rows or tokens")),
                      Reason::kResourceLimit);
  }

  int NumThreads(const InferenceInput& input) const {
    return UsefulThreads(
        flops_per_token_ * static_cast<double>(input.num_tokens()),
        num_threads_);
  }

  const int64_t heads_;
  const SeedModule& module_;
  const Transformer& transformer_;
  const Signature& signature_;
  const int num_threads_;
  const at::TensorOptions weights_;  // their dtype and device
  const double flops_per_token_;
};

}  // namespace

std::unique_ptr<TensorExecutor> MakeSeedExecutor(const SeedRecipe& recipe,
                                                 const SeedModule& module,
                                                 const Transformer& transformer,
                                                 const Signature& signature,
                                                 int num_threads,
                                                 const Device& device) {
  return std::make_unique<SeedExecutor>(recipe, module, transformer, signature,
                                        num_threads, device);
}

}  // namespace transformerd
