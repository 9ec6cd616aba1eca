// One stack of blocks over some sequences of a packed batch.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "model/config/stack_recipe.h"
#include "model/native/attention_runner.h"
#include "model/native/buffer.h"
#include "model/native/convolver.h"
#include "model/native/embedder.h"
#include "model/native/feed_forward.h"
#include "model/native/native_modules.h"
#include "model/native/rotary_angles.h"
#include "model/native/row_ops.h"
#include "model/native/row_range.h"

namespace transformerd {

// Runs body(i, thread) for each i in [0, count), on threads [0, num_threads).
struct ParallelFor {
  int num_threads = 1;
  std::function<void(int64_t count,
                     const std::function<void(int64_t, int)>& body)>
      run;
};

// What an encoder gave, for a decoder: its last hidden states.
struct Memory {
  RowRange range;
  const RowBuffer& rows;
};

struct StackInput {
  RowRange range;
  // Of the whole batch: of models that take images.
  const std::vector<float>& pixel_values;
  // Those of each variant of layers, for the whole batch.
  const std::vector<RotaryAngles>& angles;
  const Memory* memory = nullptr;  // of decoders
};

// Where each layer's results go, of all tokens of the batch; null: nowhere.
struct LayerOutputs {
  // What enters layer i, [tokens, hidden]; the last leaves the stack.
  std::vector<float*> hidden_states;
  // The probabilities of layer i: [heads, queries, keys] of each sequence
  // behind one another; and of its attention to an encoder.
  std::vector<float*> attentions, cross_attentions;
  // Where a sequence's begin, in elements a head.
  std::vector<int64_t> pair_offsets, cross_pair_offsets;
};

// The memory of a forward pass, and its steps. Not thread-safe: one range at a
// time. What it is made from must outlive it.
class StackRunner {
 public:
  StackRunner(const StackRecipe& recipe, int64_t hidden_size,
              const NativeStack& stack, const RowOps& ops);

  // The last hidden states of the range's tokens. They stay until the next
  // call.
  const RowBuffer& Run(const StackInput& input, const LayerOutputs& outputs,
                       const ParallelFor& parallel_for);

 private:
  // Buffers of one thread.
  struct Scratch {
    Scratch(const StackRecipe& recipe, int64_t hidden_size, const RowOps& ops)
        : feed_forward(recipe, hidden_size, ops) {}
    FeedForward feed_forward;
    RowBuffer added;  // of NormPlacement::kSandwich
    std::optional<Convolver> convolver;
  };

  void Resize(const StackInput& input, int num_threads);
  void ForEachBlock(int64_t num_rows, const ParallelFor& parallel_for,
                    const std::function<void(const RowBlock&, int)>& body);
  void Enter(const StackInput& input, const RowBlock& block);
  // The stream as the input of what has no norm before it.
  void PackStream(const RowBlock& block);
  void AttendAll(int64_t layer, const StackInput& input,
                 const LayerOutputs& outputs, const ParallelFor& parallel_for);
  void AttendAcross(int64_t layer, const StackInput& input,
                    const LayerOutputs& outputs,
                    const ParallelFor& parallel_for);
  void ProjectHeads(int64_t layer, const StackInput& input,
                    const RowBlock& block);
  void Convolve(const StackInput& input, const RowBlock& block,
                Scratch& scratch);
  // What is behind attention in a block.
  void LeaveAttention(const NativeBlock& native, const RowBlock& block,
                      Scratch& scratch);
  void Leave(const StackInput& input, const RowBlock& block,
             const LayerOutputs& outputs);

  // A part of a block whose norm stands before it or behind it, and adds to
  // the stream.
  void EnterPart(const std::optional<NativeNorm>& norm, const RowBlock& block);
  void LeavePart(const std::optional<NativeNorm>& norm, const RowBlock& block);
  void AddAttended(const NativeAttention& attention, const RowBlock& block);
  // The norm of the stream as the input of the next linear.
  void NormStream(const std::optional<NativeNorm>& norm, const RowBlock& block);
  void Keep(const StackInput& input, const RowBuffer& rows,
            const RowBlock& block, float* hidden_states) const;

  const NativeBlock& BlockOf(int64_t layer) const;
  // Width of what leaves the stack.
  int64_t projected_size() const;

  const StackRecipe& recipe_;
  const int64_t hidden_size_;
  const NativeStack& stack_;
  const RowOps& ops_;

  Embedder embedder_;
  AttentionRunner attention_;
  RowBuffer stream_;     // the residual stream
  RowBuffer embedded_;   // what enters the first layer: of a convolution
  PanelBuffer input_;    // of the next linear
  PanelBuffer memory_;   // the encoder's rows
  RowBuffer projected_;  // behind the output projection
  std::vector<Scratch> scratch_;
};

}  // namespace transformerd
