#include "model/reference/embedding.h"

#include <ATen/ops/full.h>

#include <vector>

#include "absl/types/span.h"
#include "model/reference/ops.h"
#include "model/reference/tensors.h"

namespace transformerd {
namespace {

at::Tensor Rows(const ParameterSlot& slot, const std::vector<int64_t>& ids) {
  const at::Tensor table = TensorOf(slot);
  return table.index_select(
      0, ToDevice(TensorOf(absl::MakeConstSpan(ids)), table.device()));
}

// Vectors of the token table for tokens that have an id, else those of the
// batch.
at::Tensor TokenVectors(const ParameterSlot& table,
                        const EmbeddingRecipe& recipe,
                        const PackedRows& batch) {
  std::vector<int64_t> ids = batch.input_ids;
  std::vector<int64_t> without_id;
  for (size_t token = 0; token < ids.size(); ++token) {
    if (ids[token] != kNoId) continue;
    without_id.push_back(static_cast<int64_t>(token));
    ids[token] = 0;
  }
  at::Tensor vectors_TD = Rows(table, ids);
  if (recipe.scale != 1) {
    // The factor is rounded as well, as it was in training.
    vectors_TD.mul_(at::full({}, recipe.scale, vectors_TD.options()));
  }
  if (without_id.empty()) return vectors_TD;
  const at::Device device = vectors_TD.device();
  const at::Tensor given =
      TensorOf(absl::MakeConstSpan(batch.inputs_embeds), vectors_TD.size(1));
  return vectors_TD.index_copy_(
      0, ToDevice(TensorOf(absl::MakeConstSpan(without_id)), device),
      ToDevice(given, device).to(vectors_TD.scalar_type()));
}

at::Tensor Positions(const ParameterSlot& table, const EmbeddingRecipe& recipe,
                     const PackedRows& batch) {
  if (recipe.position_offset == 0) return Rows(table, batch.position_ids);
  std::vector<int64_t> rows = batch.position_ids;
  for (int64_t& row : rows) row += recipe.position_offset;
  return Rows(table, rows);
}

void ZeroMasked(const PackedRows& batch, const at::Tensor& x_TD) {
  for (int64_t t = 0; t < batch.num_tokens(); ++t) {
    if (batch.attention_mask[t] == 0) x_TD.select(0, t).zero_();
  }
}

}  // namespace

at::Tensor Embed(const Embeddings& embeddings, const EmbeddingRecipe& recipe,
                 const PackedRows& batch) {
  at::Tensor sum_TD = TokenVectors(*embeddings.token, recipe, batch);
  if (recipe.projection == EmbeddingProjection::kTokens) {
    sum_TD = Apply(*embeddings.projection, sum_TD);
  }
  if (embeddings.token_type != nullptr) {
    sum_TD += Rows(*embeddings.token_type, batch.token_type_ids);
  }
  if (embeddings.position != nullptr) {
    sum_TD += Positions(*embeddings.position, recipe, batch);
  }
  if (recipe.projection == EmbeddingProjection::kBeforeNorm) {
    sum_TD = Apply(*embeddings.projection, sum_TD);
  }
  sum_TD = ApplyIfAny(embeddings.norm, sum_TD);
  if (recipe.projection == EmbeddingProjection::kSum) {
    sum_TD = Apply(*embeddings.projection, sum_TD);
  }
  if (recipe.masked_as_zeros) ZeroMasked(batch, sum_TD);
  return sum_TD;
}

}  // namespace transformerd
