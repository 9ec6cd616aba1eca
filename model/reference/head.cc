#include "model/reference/head.h"

#include "glog/logging.h"
#include "model/reference/ops.h"
#include "model/reference/tensors.h"
#include "model/runtime/chosen_tokens.h"

namespace transformerd {
const PackedRows& TopRows(const Architecture& architecture,
                          const PackedBatch& batch) {
  return architecture.decoder ? batch.decoder : batch;
}

PooledTokens TokensOf(HeadPooling pooling, const Architecture& architecture,
                      const PackedBatch& batch) {
  const PackedRows& rows = TopRows(architecture, batch);
  switch (pooling) {
    case HeadPooling::kTokens:
    case HeadPooling::kPooler:
      return {};
    case HeadPooling::kFirstEndOfText:
      return OneOfEachRow(EndsOfText(rows, architecture.end_of_text));
    case HeadPooling::kFirst:
      return OneOfEachRow(FirstTokens(rows));
    case HeadPooling::kMean:
      return VisibleTokens(rows);
    case HeadPooling::kLast:
      return OneOfEachRow(LastTokens(rows, architecture.pad_token_id));
    case HeadPooling::kLastEosOfInput:
      return OneOfEachRow(
          TokensAtLast(batch, *architecture.eos_token_id, rows));
  }
  LOG(FATAL) << "unknown HeadPooling";
}

at::Tensor RunPooler(const Architecture& architecture,
                     const Transformer& transformer,
                     const PooledTokens& pooler_tokens,
                     const at::Tensor& hidden_TD) {
  CHECK(architecture.pooler_pooling != HeadPooling::kPooler);
  const at::Tensor pooled_SD = Pool(pooler_tokens, hidden_TD);
  if (!architecture.pooler_dense) return pooled_SD;
  return Apply(architecture.pooler_activation,
               Apply(*transformer.pooler(), pooled_SD));
}

at::Tensor RunHead(const Architecture& architecture,
                   const Transformer& transformer,
                   const PooledTokens& pooler_tokens,
                   const PooledTokens& head_tokens,
                   const at::Tensor& hidden_TD) {
  const HeadRecipe& recipe = architecture.head;
  const Head& head = transformer.head();
  at::Tensor x =
      recipe.pooling == HeadPooling::kPooler
          ? RunPooler(architecture, transformer, pooler_tokens, hidden_TD)
          : Pool(head_tokens, hidden_TD);
  if (head.dense) x = Apply(recipe.activation, Apply(*head.dense, x));
  x = ApplyIfAny(head.norm, x);
  if (recipe.output_scale != 1) x = x.mul(recipe.output_scale);
  x = SoftCap(recipe.softcap, Apply(*head.output, x));
  const bool has_late_bias =
      head.late_bias != nullptr && head.late_bias->is_filled();
  return has_late_bias ? x.add(TensorOf(*head.late_bias)) : x;
}

}  // namespace transformerd
