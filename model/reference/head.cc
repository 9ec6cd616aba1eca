#include "model/reference/head.h"

#include "glog/logging.h"
#include "model/reference/ops.h"
#include "model/reference/pooling.h"
#include "model/reference/tensors.h"
#include "model/runtime/chosen_tokens.h"

namespace transformerd {
namespace {

at::Tensor Pooled(const Architecture& architecture,
                  const Transformer& transformer, HeadPooling pooling,
                  const PackedBatch& batch, const at::Tensor& hidden_TD) {
  const PackedRows& rows = TopRows(architecture, batch);
  switch (pooling) {
    case HeadPooling::kTokens:
      return hidden_TD;
    case HeadPooling::kPooler:
      return RunPooler(architecture, transformer, batch, hidden_TD);
    case HeadPooling::kFirstEndOfText:
      return Select(EndsOfText(rows, architecture.end_of_text), hidden_TD);
    case HeadPooling::kFirst:
      return Select(FirstTokens(rows), hidden_TD);
    case HeadPooling::kMean:
      return MeanTokens(rows, hidden_TD);
    case HeadPooling::kLast:
      return Select(LastTokens(rows, architecture.pad_token_id), hidden_TD);
    case HeadPooling::kLastEosOfInput:
      return Select(TokensAtLast(batch, *architecture.eos_token_id, rows),
                    hidden_TD);
  }
  LOG(FATAL) << "unknown HeadPooling";
}

}  // namespace

const PackedRows& TopRows(const Architecture& architecture,
                          const PackedBatch& batch) {
  return architecture.decoder ? batch.decoder : batch;
}

at::Tensor RunPooler(const Architecture& architecture,
                     const Transformer& transformer, const PackedBatch& batch,
                     const at::Tensor& hidden_TD) {
  CHECK(architecture.pooler_pooling != HeadPooling::kPooler);
  const at::Tensor pooled_SD = Pooled(
      architecture, transformer, architecture.pooler_pooling, batch, hidden_TD);
  if (!architecture.pooler_dense) return pooled_SD;
  return Apply(architecture.pooler_activation,
               Apply(*transformer.pooler(), pooled_SD));
}

at::Tensor RunHead(const Architecture& architecture,
                   const Transformer& transformer, const PackedBatch& batch,
                   const at::Tensor& hidden_TD) {
  const HeadRecipe& recipe = architecture.head;
  const Head& head = transformer.head();
  at::Tensor x =
      Pooled(architecture, transformer, recipe.pooling, batch, hidden_TD);
  if (head.dense) x = Apply(recipe.activation, Apply(*head.dense, x));
  x = ApplyIfAny(head.norm, x);
  if (recipe.output_scale != 1) x = x.mul(recipe.output_scale);
  x = SoftCap(recipe.softcap, Apply(*head.output, x));
  const bool has_late_bias =
      head.late_bias != nullptr && head.late_bias->is_filled();
  return has_late_bias ? x.add(TensorOf(*head.late_bias)) : x;
}

}  // namespace transformerd
