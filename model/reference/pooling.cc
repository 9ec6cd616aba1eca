#include "model/reference/pooling.h"

#include <ATen/ops/stack.h>

#include <vector>

#include "absl/types/span.h"
#include "glog/logging.h"
#include "model/reference/tensors.h"
#include "model/runtime/chosen_tokens.h"

namespace transformerd {
namespace {

// Mean over the tokens under mask 1 of one row, [D].
at::Tensor MeanOfRow(const PackedRows& batch, int64_t s,
                     const at::Tensor& row_TD) {
  if (!batch.sequence_has_mask[s]) return row_TD.mean(0);
  std::vector<int64_t> visible;
  for (int64_t t = 0; t < batch.length(s); ++t) {
    if (batch.attention_mask[batch.sequence_offsets[s] + t] != 0) {
      visible.push_back(t);
    }
  }
  return Select(visible, row_TD).mean(0);
}

}  // namespace

at::Tensor Select(const std::vector<int64_t>& tokens,
                  const at::Tensor& input_TD) {
  return input_TD.index_select(
      0, ToDevice(TensorOf(absl::MakeConstSpan(tokens)), input_TD.device()));
}

at::Tensor MeanTokens(const PackedRows& batch, const at::Tensor& input_TD) {
  std::vector<at::Tensor> means;
  means.reserve(batch.num_sequences());
  for (int64_t s = 0; s < batch.num_sequences(); ++s) {
    means.push_back(MeanOfRow(
        batch, s,
        input_TD.narrow(0, batch.sequence_offsets[s], batch.length(s))));
  }
  return at::stack(means);
}

at::Tensor Pool(PoolingKind kind, bool normalize, const PackedRows& batch,
                const at::Tensor& input_TD) {
  at::Tensor pooled_SD;
  switch (kind) {
    case PoolingKind::kMean:
      pooled_SD = MeanTokens(batch, input_TD.to(at::kFloat));
      break;
    case PoolingKind::kCls:
      pooled_SD = Select(FirstTokens(batch), input_TD).to(at::kFloat);
      break;
    case PoolingKind::kLast:
      pooled_SD = Select(LastVisibleTokens(batch), input_TD).to(at::kFloat);
      break;
    case PoolingKind::kNone:
      LOG(FATAL) << "sentence_embedding is not an output of this model";
  }
  if (!normalize) return pooled_SD;
  // The bound of torch.nn.functional.normalize.
  return pooled_SD.div(
      pooled_SD.norm(2, {1}, /*keepdim=*/true).clamp_min(1e-12));
}

}  // namespace transformerd
