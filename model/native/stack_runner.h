// One stack of blocks over some sequences of a packed batch.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "model/base/dtype.h"
#include "model/config/stack_recipe.h"
#include "model/kernels/kernels.h"
#include "model/native/buffer.h"
#include "model/native/rotary_angles.h"
#include "model/native/weights.h"
#include "model/runtime/packing.h"

namespace transformerd {

// Sequences [first, end) of a batch.
struct SequenceRange {
  int64_t first = 0, end = 0;
};

// What all parts of the engine compute with.
struct NativeContext {
  const kernels::Kernels& kernels;
  DType dtype = DType::kF32;
};

// Where each layer's results go, of all tokens of the batch; null: nowhere.
struct LayerOutputs {
  // What enters layer i, [tokens, hidden]; the last leaves the stack.
  std::vector<float*> hidden_states;
  // The probabilities of layer i: [heads, queries, keys] of each sequence
  // behind one another.
  std::vector<float*> attentions;
  // Where a sequence's begin, in elements a head.
  std::vector<int64_t> pair_offsets;
};

// Runs body(i, thread) for each i in [0, count), maybe several at once.
using ParallelFor =
    std::function<void(int64_t, const std::function<void(int64_t, int)>&)>;

// The memory of a forward pass, and its steps. Not thread-safe: one range at a
// time. What it is made from must outlive it.
class StackRunner {
 public:
  StackRunner(const StackRecipe& recipe, int64_t hidden_size,
              const NativeStack& stack, const NativeContext& context);

  // The last hidden states of the range's tokens, as rows. They stay until the
  // next call. `angles` are those of each variant of layers, for the whole
  // batch; `num_threads` bounds the thread that `parallel_for` gives.
  const RowBuffer& Run(const PackedRows& rows, const SequenceRange& range,
                       const std::vector<RotaryAngles>& angles,
                       const LayerOutputs& outputs, int num_threads,
                       const ParallelFor& parallel_for);

 private:
  // Tokens [first, first + count) of the range.
  struct Block {
    int64_t first = 0, count = 0;
  };
  // Buffers of one thread.
  struct Scratch {
    PanelBuffer intermediate;
    RowBuffer added;  // of NormPlacement::kSandwich
    Buffer attention;
  };
  // Where a linear's rows go.
  struct Destination {
    PanelBuffer* panels = nullptr;
    float* rows = nullptr;
    float* add_to_rows = nullptr;
    int64_t row_stride = 0;
    kernels::ColumnMap map;
  };

  void Resize(int num_threads);
  void ForEachBlock(const ParallelFor& parallel_for,
                    const std::function<void(const Block&, int)>& body);

  void Embed(const Block& block);
  void AddTables(const Block& block, RowBuffer& sums, int64_t columns);
  // What the first layer's attention reads.
  void EnterFirstLayer(const Block& block);
  void ProjectHeads(int64_t layer, const Block& block,
                    const std::vector<RotaryAngles>& angles);
  void PrepareHeads(int64_t layer, const Block& block, int64_t first_panel,
                    int64_t heads, const std::optional<NativeNorm>& norm,
                    const std::vector<RotaryAngles>& angles);
  void Attend(int64_t layer, int64_t sequence, int64_t key_head,
              const LayerOutputs& outputs, std::byte* scratch);
  void LeaveAttention(int64_t layer, const Block& block, Scratch& scratch);
  void FeedForward(const NativeMlp& mlp, const Block& block, Scratch& scratch,
                   const Destination& to);
  void LeaveStack(const Block& block, const LayerOutputs& outputs);

  void Apply(const NativeLinear& linear, const NativeLinear* gate,
             Activation activation, const kernels::PanelRows& input,
             int64_t rows, int64_t out_row, const Destination& to) const;
  // Without a place for the result.
  kernels::NormCall CallOf(const NativeNorm& norm, const RowBuffer& input,
                           int64_t first, int64_t rows, int64_t columns) const;
  void NormInPlace(const NativeNorm& norm, RowBuffer& rows, int64_t columns,
                   const Block& block) const;
  // From the stream to the input of the next linear, and back where it is to
  // be what the stream goes on with.
  void NormStream(const NativeNorm& norm, bool in_place, const Block& block);
  void Pack(const RowBuffer& input, int64_t columns, const Block& block,
            PanelBuffer& panels) const;
  void Keep(const RowBuffer& rows, const Block& block,
            float* hidden_states) const;
  void MakeDistanceBias();

  const NativeBlock& BlockOf(int64_t layer) const {
    return stack_.blocks[BlockIndex(recipe_, layer)];
  }
  int64_t embedding_size() const {
    return recipe_.embedding.size > 0 ? recipe_.embedding.size : hidden_size_;
  }

  const StackRecipe& recipe_;
  const int64_t hidden_size_;
  const NativeStack& stack_;
  const NativeContext& context_;

  // Of the current call.
  const PackedRows* rows_ = nullptr;
  SequenceRange range_;
  int64_t first_token_ = 0, num_tokens_ = 0;
  int64_t longest_ = 0;

  RowBuffer embedded_;    // where tables are narrower than the blocks
  RowBuffer stream_;      // the residual stream
  PanelBuffer input_;     // normed, for the next linear
  PanelBuffer heads_;     // queries, keys and values
  PanelBuffer attended_;  // what attention gives
  RowBuffer projected_;   // behind the output projection
  std::vector<Scratch> scratch_;
  // [heads, 2 * longest - 1], for distances from 1 - longest on.
  std::vector<float> distance_bias_;
};

}  // namespace transformerd
