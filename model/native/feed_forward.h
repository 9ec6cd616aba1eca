// The feed-forward network of a block: one, or some of many.
#pragma once

#include <cstdint>
#include <vector>

#include "model/config/stack_recipe.h"
#include "model/native/buffer.h"
#include "model/native/native_modules.h"
#include "model/native/row_ops.h"

namespace transformerd {

// The memory of one thread for at most `max_rows` rows at once. Not
// thread-safe. What it is made from must outlive it.
class FeedForward {
 public:
  FeedForward(const StackRecipe& recipe, int64_t hidden_size, const RowOps& ops)
      : recipe_(recipe), hidden_size_(hidden_size), ops_(ops) {}

  void Resize(int64_t max_rows);

  // From the block's rows of `input`, which may be quantised. Experts need a
  // target that is added to.
  void Run(const NativeBlock& native, PanelBuffer& input, const RowBlock& block,
           const LinearTarget& target);

 private:
  // One expert of a token, and how much it counts.
  struct Choice {
    int64_t row = 0;  // in the block
    float weight = 0;
  };

  void RunOne(const NativeMlp& mlp, PanelBuffer& input, const RowBlock& block,
              const LinearTarget& target);
  void RunExperts(const NativeBlock& native, const PanelBuffer& input,
                  const RowBlock& block, const LinearTarget& target);
  // Of each expert, the rows that chose it.
  void Choose(const NativeLinear& router, const kernels::PanelRows& input,
              int64_t rows);

  const StackRecipe& recipe_;
  const int64_t hidden_size_;
  const RowOps& ops_;
  PanelBuffer intermediate_;
  // Of experts.
  RowBuffer routed_;
  std::vector<std::vector<Choice>> choices_;
  PanelBuffer chosen_;
  RowBuffer outputs_;
};

}  // namespace transformerd
