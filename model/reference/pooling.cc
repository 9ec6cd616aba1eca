#include "model/reference/pooling.h"

#include <ATen/ops/stack.h>

#include <algorithm>
#include <vector>

#include "absl/types/span.h"
#include "glog/logging.h"
#include "model/reference/tensors.h"

namespace transformerd {
namespace {

at::Tensor Select(const std::vector<int64_t>& tokens,
                  const at::Tensor& input_TD) {
  return input_TD.index_select(0, TensorOf(absl::MakeConstSpan(tokens)));
}

// Index of the last token of each row that `counts` accepts, else the row's
// first.
template <typename Predicate>
std::vector<int64_t> LastOf(const PackedRows& batch, const Predicate& counts) {
  std::vector<int64_t> last;
  for (int64_t s = 0; s < batch.num_sequences(); ++s) {
    int64_t token = batch.sequence_offsets[s + 1] - 1;
    while (token > batch.sequence_offsets[s] && !counts(token)) --token;
    last.push_back(token);
  }
  return last;
}

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

at::Tensor FirstTokens(const PackedRows& batch, const at::Tensor& input_TD) {
  return input_TD.index_select(
      0, TensorOf(absl::MakeConstSpan(batch.sequence_offsets)
                      .first(batch.num_sequences())));
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

at::Tensor LastTokens(const PackedRows& batch,
                      std::optional<int64_t> pad_token_id,
                      const at::Tensor& input_TD) {
  return Select(LastOf(batch,
                       [&](int64_t token) {
                         return batch.input_ids[token] != pad_token_id;
                       }),
                input_TD);
}

at::Tensor EndsOfText(const PackedRows& batch,
                      std::optional<int64_t> end_of_text,
                      const at::Tensor& input_TD) {
  std::vector<int64_t> ends;
  for (int64_t s = 0; s < batch.num_sequences(); ++s) {
    const auto begin = batch.input_ids.begin() + batch.sequence_offsets[s];
    const auto end = begin + batch.length(s);
    auto found = end_of_text ? std::find(begin, end, *end_of_text)
                             : std::max_element(begin, end);
    if (found == end) found = begin;
    ends.push_back(found - batch.input_ids.begin());
  }
  return Select(ends, input_TD);
}

at::Tensor TokensAtLast(const PackedRows& rows, int64_t id,
                        const PackedRows& tokens, const at::Tensor& input_TD) {
  std::vector<int64_t> places =
      LastOf(rows, [&](int64_t token) { return rows.input_ids[token] == id; });
  for (int64_t s = 0; s < rows.num_sequences(); ++s) {
    const int64_t place = places[s] - rows.sequence_offsets[s];
    CHECK_EQ(rows.input_ids[places[s]], id);
    CHECK_LT(place, tokens.length(s));
    places[s] = tokens.sequence_offsets[s] + place;
  }
  return Select(places, input_TD);
}

at::Tensor Pool(PoolingKind kind, bool normalize, const PackedRows& batch,
                const at::Tensor& input_TD) {
  at::Tensor pooled_SD;
  switch (kind) {
    case PoolingKind::kMean:
      pooled_SD = MeanTokens(batch, input_TD.to(at::kFloat));
      break;
    case PoolingKind::kCls:
      pooled_SD = FirstTokens(batch, input_TD).to(at::kFloat);
      break;
    case PoolingKind::kLast: {
      const auto is_visible = [&](int64_t token) {
        return batch.attention_mask[token] != 0;
      };
      pooled_SD = Select(LastOf(batch, is_visible), input_TD).to(at::kFloat);
      break;
    }
    case PoolingKind::kNone:
      LOG(FATAL) << "sentence_embedding is not an output of this model";
  }
  if (!normalize) return pooled_SD;
  // The bound of torch.nn.functional.normalize.
  return pooled_SD.div(
      pooled_SD.norm(2, {1}, /*keepdim=*/true).clamp_min(1e-12));
}

}  // namespace transformerd
