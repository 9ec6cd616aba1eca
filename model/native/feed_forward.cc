#include "model/native/feed_forward.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "glog/logging.h"
#include "model/kernels/layout.h"

namespace transformerd {

void FeedForward::Resize(int64_t max_rows) {
  intermediate_.ResizeFor(max_rows, recipe_.intermediate_size, ops_.dtype());
  const int64_t experts = recipe_.block.mlp.num_experts;
  if (experts == 0) return;
  routed_.Resize(max_rows, experts);
  choices_.resize(experts);
  chosen_.ResizeFor(max_rows, hidden_size_, ops_.dtype());
  outputs_.Resize(max_rows, hidden_size_);
}

void FeedForward::Run(const NativeBlock& native, PanelBuffer& input,
                      const RowBlock& block, const LinearTarget& target) {
  if (native.router) {
    RunExperts(native, input, block, target);
  } else {
    RunOne(native.mlps.front(), input, block, target);
  }
}

void FeedForward::RunOne(const NativeMlp& mlp, PanelBuffer& input,
                         const RowBlock& block, const LinearTarget& target) {
  ops_.PrepareFor(mlp.up, input, block);
  ops_.Multiply(mlp.up, input.rows(block.first), block.count,
                LinearTarget::Panels(intermediate_, 0),
                recipe_.block.mlp.activation, mlp.gate ? &*mlp.gate : nullptr);
  ops_.PrepareFor(mlp.down, intermediate_, {0, block.count});
  ops_.Multiply(mlp.down, intermediate_.rows(0), block.count, target);
}

void FeedForward::RunExperts(const NativeBlock& native,
                             const PanelBuffer& input, const RowBlock& block,
                             const LinearTarget& target) {
  CHECK(target.add_to_rows != nullptr);
  Choose(*native.router, input.rows(block.first), block.count);
  const int64_t panels = kernels::NumPanels(hidden_size_, ops_.dtype());
  // By expert: a token's experts are added in the same order in any batch.
  for (size_t expert = 0; expert < choices_.size(); ++expert) {
    const std::vector<Choice>& choices = choices_[expert];
    const auto rows = static_cast<int64_t>(choices.size());
    if (rows == 0) continue;
    for (int64_t p = 0; p < panels; ++p) {
      for (int64_t i = 0; i < rows; ++i) {
        std::memcpy(chosen_.row(i, p),
                    input.row(block.first + choices[i].row, p),
                    kernels::kPanelBytes);
      }
    }
    RunOne(native.mlps[expert], chosen_, {0, rows},
           LinearTarget::Rows(outputs_, 0));
    for (int64_t i = 0; i < rows; ++i) {
      const float* const from = outputs_.row(i);
      float* const to = target.add_to_rows + choices[i].row * target.stride;
      for (int64_t c = 0; c < hidden_size_; ++c) {
        to[c] += choices[i].weight * from[c];
      }
    }
  }
}

void FeedForward::Choose(const NativeLinear& router,
                         const kernels::PanelRows& input, int64_t rows) {
  ops_.Multiply(router, input, rows, LinearTarget::Rows(routed_, 0));
  for (std::vector<Choice>& choices : choices_) choices.clear();
  const auto experts = static_cast<int>(choices_.size());
  const int64_t best = recipe_.block.mlp.experts_per_token;
  std::vector<int> order(experts);
  for (int64_t r = 0; r < rows; ++r) {
    const float* const scores = routed_.row(r);
    std::iota(order.begin(), order.end(), 0);
    std::partial_sort(
        order.begin(), order.begin() + best, order.end(), [&](int a, int b) {
          return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
        });
    // The softmax over all, scaled to sum to one over the best, is the softmax
    // over these.
    float sum = 0;
    for (int64_t i = 0; i < best; ++i) {
      sum += std::exp(scores[order[i]] - scores[order[0]]);
    }
    for (int64_t i = 0; i < best; ++i) {
      choices_[order[i]].push_back(
          {r, std::exp(scores[order[i]] - scores[order[0]]) / sum});
    }
  }
}

}  // namespace transformerd
