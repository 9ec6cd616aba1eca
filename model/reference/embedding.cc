#include "model/reference/embedding.h"

#include <ATen/ops/full.h>

#include <vector>

#include "absl/types/span.h"
#include "model/reference/ops.h"
#include "model/reference/tensors.h"

namespace transformerd {
namespace {

// Which rows of the tables the tokens take, and the vectors of tokens that have
// no id; empty where there are none.
struct TableRows {
  at::Tensor token;  // row 0 for tokens without an id
  at::Tensor token_type;
  at::Tensor position;
  at::Tensor without_id;  // these tokens
  at::Tensor vectors;     // and theirs, float32
};

TableRows FindRows(const Embeddings& embeddings, const EmbeddingRecipe& recipe,
                   const PackedRows& batch) {
  std::vector<int64_t> tokens = batch.input_ids;
  std::vector<int64_t> without_id;
  for (size_t token = 0; token < tokens.size(); ++token) {
    if (tokens[token] != kNoId) continue;
    without_id.push_back(static_cast<int64_t>(token));
    tokens[token] = 0;
  }
  std::vector<int64_t> token_types, positions;
  if (embeddings.token_type != nullptr) token_types = batch.token_type_ids;
  if (embeddings.position != nullptr) positions = batch.position_ids;
  for (int64_t& position : positions) position += recipe.position_offset;
  // The CPU uses them where they are, and longer than the vectors live.
  const auto tensor_of = [](const std::vector<int64_t>& values) {
    return TensorOf(absl::MakeConstSpan(values)).clone();
  };
  const at::Tensor table = TensorOf(*embeddings.token);
  const std::vector<at::Tensor> rows = ToDevice(
      {tensor_of(tokens), tensor_of(token_types), tensor_of(positions),
       tensor_of(without_id),
       TensorOf(absl::MakeConstSpan(batch.inputs_embeds), table.size(1))},
      table.device());
  return {rows[0], rows[1], rows[2], rows[3], rows[4]};
}

// Vectors of the token table for tokens that have an id, else those of the
// batch.
at::Tensor TokenVectors(const ParameterSlot& table,
                        const EmbeddingRecipe& recipe, const TableRows& rows) {
  at::Tensor vectors_TD = TensorOf(table).index_select(0, rows.token);
  if (recipe.scale != 1) {
    // The factor is rounded as well, as it was in training.
    vectors_TD.mul_(at::full({}, recipe.scale, vectors_TD.options()));
  }
  if (rows.without_id.numel() == 0) return vectors_TD;
  return vectors_TD.index_copy_(0, rows.without_id,
                                rows.vectors.to(vectors_TD.scalar_type()));
}

void ZeroMasked(const PackedRows& batch, const at::Tensor& x_TD) {
  for (int64_t t = 0; t < batch.num_tokens(); ++t) {
    if (batch.attention_mask[t] == 0) x_TD.select(0, t).zero_();
  }
}

}  // namespace

at::Tensor Embed(const Embeddings& embeddings, const EmbeddingRecipe& recipe,
                 const PackedRows& batch) {
  const TableRows rows = FindRows(embeddings, recipe, batch);
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
