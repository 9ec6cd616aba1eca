#include "model/reference/seed/seed_executor.h"

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "glog/logging.h"
#include "model/reference/seed/bimodal.h"
#include "model/reference/seed/seed_attention.h"
#include "model/reference/seed/seed_call.h"
#include "model/reference/seed/seed_embeddings.h"
#include "model/reference/seed/seed_layer.h"
#include "model/reference/seed/t5.h"
#include "model/reference/seed/vilbert.h"
#include "model/reference/tensors.h"

namespace transformerd {
namespace {

// Below this much work a second thread costs more than it brings (see the
// reference executor).
constexpr double kMinFlopsPerThread = 5e8;

// Multiplications and additions for one token, if every parameter is used.
double FlopsPerToken(const Transformer& transformer) {
  double parameters = 0;
  for (const auto& slot : transformer.slots()) {
    parameters += static_cast<double>(*NumElements(slot->shape()));
  }
  return 2 * parameters;
}

class SeedExecutor : public TensorExecutor {
 public:
  SeedExecutor(const Transformer& transformer, const Signature& signature,
               int num_threads)
      : transformer_(transformer),
        signature_(signature),
        num_threads_(num_threads),
        flops_per_token_(FlopsPerToken(transformer)) {
    CHECK_GE(num_threads, 1);
    CHECK(transformer.seed().has_value());
  }

  absl::StatusOr<InferenceOutput> Run(const InferenceInput& input) override {
    return CatchTorch([&]() -> absl::StatusOr<InferenceOutput> {
      // The setting belongs to the calling thread.
      const int num_threads = NumThreads(input);
      if (at::get_num_threads() != num_threads) {
        at::set_num_threads(num_threads);
      }
      const c10::InferenceMode inference_mode;
      SeedCall call(signature_, input, ScalarTypeOf(transformer_.dtype()));
      std::visit(
          [&call](const auto& module) { transformerd::Run(module, call); },
          *transformer_.seed());
      return std::move(call).Take();
    });
  }

 private:
  int NumThreads(const InferenceInput& input) const {
    const double useful = flops_per_token_ *
                          static_cast<double>(input.num_tokens()) /
                          kMinFlopsPerThread;
    return useful < num_threads_ ? std::max(1, static_cast<int>(useful))
                                 : num_threads_;
  }

  const Transformer& transformer_;
  const Signature& signature_;
  const int num_threads_;
  const double flops_per_token_;
};

}  // namespace

std::unique_ptr<TensorExecutor> MakeSeedExecutor(const Transformer& transformer,
                                                 const Signature& signature,
                                                 int num_threads) {
  return std::make_unique<SeedExecutor>(transformer, signature, num_threads);
}

}  // namespace transformerd
