#include "model/native/convolver.h"

#include <algorithm>
#include <cstddef>

#include "model/native/masked_rows.h"

namespace transformerd {

Convolver::Convolver(const ConvolutionRecipe& recipe, int64_t hidden_size,
                     const NativeConvolution& convolution, const RowOps& ops,
                     int64_t max_rows)
    : recipe_(recipe),
      hidden_size_(hidden_size),
      group_size_(hidden_size / recipe.groups),
      convolution_(convolution),
      ops_(ops) {
  const int64_t columns = group_size_ * recipe.kernel_size;
  neighbours_.Resize(max_rows, columns);
  panels_.ResizeFor(max_rows, columns, ops.dtype());
}

void Convolver::Run(const RowRange& range, const RowBuffer& input,
                    const RowBlock& block, const RowBuffer& stream) {
  for (size_t group = 0; group < convolution_.groups.size(); ++group) {
    const int64_t first_channel = static_cast<int64_t>(group) * group_size_;
    Gather(range, input, block, first_channel);
    ops_.Pack(neighbours_, group_size_ * recipe_.kernel_size, {0, block.count},
              panels_);
    LinearTarget target = LinearTarget::AddTo(stream, block.first);
    target.add_to_rows += first_channel;
    ops_.Multiply(convolution_.groups[group], panels_.rows(0), block.count,
                  target, recipe_.activation);
  }
  NormTarget target;
  target.rows = &stream;
  ops_.Norm(convolution_.norm, stream, hidden_size_, block, target);
  ClearMasked(range, block, hidden_size_, stream);
}

void Convolver::Gather(const RowRange& range, const RowBuffer& input,
                       const RowBlock& block, int64_t first_channel) {
  const int64_t size = recipe_.kernel_size;
  const uint8_t* const mask =
      range.rows->attention_mask.data() + range.first_token;
  for (int64_t s = range.range.first; s < range.range.end; ++s) {
    const int64_t begin = range.first_row(s);
    const int64_t end = begin + range.rows->length(s);
    const int64_t last = std::min(end, block.first + block.count);
    for (int64_t r = std::max(begin, block.first); r < last; ++r) {
      float* const to = neighbours_.row(r - block.first);
      for (int64_t i = 0; i < size; ++i) {
        const int64_t neighbour = r + i - size / 2;
        const bool is_seen =
            neighbour >= begin && neighbour < end && mask[neighbour] != 0;
        const float* const from =
            is_seen ? input.row(neighbour) + first_channel : nullptr;
        for (int64_t c = 0; c < group_size_; ++c) {
          to[c * size + i] = is_seen ? from[c] : 0;
        }
      }
    }
  }
}

}  // namespace transformerd
