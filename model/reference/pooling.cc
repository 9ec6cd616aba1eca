#include "model/reference/pooling.h"

#include <ATen/ops/segment_reduce.h>

#include <vector>

#include "absl/types/span.h"
#include "glog/logging.h"
#include "model/reference/tensors.h"
#include "model/runtime/chosen_tokens.h"

namespace transformerd {
PooledTokens OneOfEachRow(const std::vector<int64_t>& tokens) {
  return {CopyOf(tokens), {}};
}

PooledTokens VisibleTokens(const PackedRows& batch) {
  std::vector<int64_t> visible;
  std::vector<int64_t> borders = {0};
  for (int64_t s = 0; s < batch.num_sequences(); ++s) {
    for (int64_t t = batch.sequence_offsets[s];
         t < batch.sequence_offsets[s + 1]; ++t) {
      if (batch.attention_mask[t] != 0) visible.push_back(t);
    }
    borders.push_back(static_cast<int64_t>(visible.size()));
  }
  PooledTokens pooled;
  if (borders.back() < batch.num_tokens()) pooled.tokens = CopyOf(visible);
  pooled.borders = TensorOf(absl::MakeConstSpan(borders)).to(at::kInt);
  return pooled;
}

PooledTokens TokensOf(PoolingKind kind, const PackedRows& batch) {
  switch (kind) {
    case PoolingKind::kMean:
      return VisibleTokens(batch);
    case PoolingKind::kCls:
      return OneOfEachRow(FirstTokens(batch));
    case PoolingKind::kLast:
      return OneOfEachRow(LastVisibleTokens(batch));
    case PoolingKind::kNone:
      break;
  }
  LOG(FATAL) << "sentence_embedding is not an output of this model";
}

at::Tensor Pool(const PooledTokens& tokens, const at::Tensor& input_TD) {
  const at::Tensor pooled_TD = tokens.tokens.defined()
                                   ? input_TD.index_select(0, tokens.tokens)
                                   : input_TD;
  if (!tokens.borders.defined()) return pooled_TD;
  // Sums of a half precision would be rounded at every token.
  return at::segment_reduce(pooled_TD.to(at::kFloat), "mean", /*lengths=*/{},
                            /*indices=*/{}, tokens.borders)
      .to(input_TD.scalar_type());
}

at::Tensor EmbedSentences(const PooledTokens& tokens, bool normalize,
                          const at::Tensor& input_TD) {
  // A mean in float32 stays as it is, one of a half precision would be rounded.
  const bool is_mean = tokens.borders.defined();
  const at::Tensor pooled_SD =
      Pool(tokens, is_mean ? input_TD.to(at::kFloat) : input_TD).to(at::kFloat);
  if (!normalize) return pooled_SD;
  // The bound of torch.nn.functional.normalize.
  return pooled_SD.div(
      pooled_SD.norm(2, {1}, /*keepdim=*/true).clamp_min(1e-12));
}

}  // namespace transformerd
