#include "model/reference/embedding.h"

#include <ATen/ops/full.h>

#include <vector>

#include "absl/types/span.h"
#include "model/reference/ops.h"
#include "model/reference/tensors.h"

namespace transformerd {
namespace {

// Vectors of the token table for tokens that have an id, else those of the
// batch.
at::Tensor TokenVectors(const ParameterSlot& table,
                        const EmbeddingRecipe& recipe, const TableRows& rows) {
  at::Tensor vectors_TD = TensorOf(table).index_select(0, rows.token);
  if (recipe.scale != 1) {
    // The factor is rounded as well, as it was in training.
    vectors_TD.mul_(at::full({}, recipe.scale, vectors_TD.options()));
  }
  if (!rows.without_id.defined()) return vectors_TD;
  return vectors_TD.index_copy_(0, rows.without_id,
                                rows.vectors.to(vectors_TD.scalar_type()));
}

void ZeroMasked(const PackedRows& batch, const at::Tensor& x_TD) {
  for (int64_t t = 0; t < batch.num_tokens(); ++t) {
    if (batch.attention_mask[t] == 0) x_TD.select(0, t).zero_();
  }
}

}  // namespace

TableRows FindTableRows(const Embeddings& embeddings,
                        const EmbeddingRecipe& recipe,
                        const PackedRows& batch) {
  std::vector<int64_t> tokens = batch.input_ids;
  std::vector<int64_t> without_id;
  for (size_t token = 0; token < tokens.size(); ++token) {
    if (tokens[token] != kNoId) continue;
    without_id.push_back(static_cast<int64_t>(token));
    tokens[token] = 0;
  }
  TableRows rows;
  rows.token = CopyOf(tokens);
  if (embeddings.token_type != nullptr) {
    rows.token_type = CopyOf(batch.token_type_ids);
  }
  if (embeddings.position != nullptr) {
    rows.position = CopyOf(batch.position_ids).add_(recipe.position_offset);
  }
  if (!without_id.empty()) {
    rows.without_id = CopyOf(without_id);
    rows.vectors = TensorOf(absl::MakeConstSpan(batch.inputs_embeds),
                            embeddings.token->shape().back());
  }
  return rows;
}

at::Tensor Embed(const Embeddings& embeddings, const EmbeddingRecipe& recipe,
                 const PackedRows& batch, const TableRows& rows) {
  at::Tensor sum_TD = TokenVectors(*embeddings.token, recipe, rows);
  if (recipe.projection == EmbeddingProjection::kTokens) {
    sum_TD = Apply(*embeddings.projection, sum_TD);
  }
  if (embeddings.token_type != nullptr) {
    sum_TD += TensorOf(*embeddings.token_type).index_select(0, rows.token_type);
  }
  if (embeddings.position != nullptr) {
    sum_TD += TensorOf(*embeddings.position).index_select(0, rows.position);
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
