// Attention of a stack's blocks, to their own rows and to an encoder's.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/config/stack_recipe.h"
#include "model/native/buffer.h"
#include "model/native/native_modules.h"
#include "model/native/rotary_angles.h"
#include "model/native/row_ops.h"
#include "model/native/row_range.h"

namespace transformerd {

// Holds the memory that takes. Different blocks, and different heads of keys,
// may be worked on at once. What it is made from must outlive it.
class AttentionRunner {
 public:
  AttentionRunner(const StackRecipe& recipe, const NativeStack& stack,
                  const RowOps& ops);

  // Before a range is run. `memory` is the encoder's; null: none.
  void Resize(const RowRange& range, const RowRange* memory, int num_threads);

  // Queries, keys and values of a block. These and the others that take their
  // input as no constant may quantise it.
  void Project(int64_t layer, const NativeAttention& attention,
               PanelBuffer& input, const RowRange& range, const RowBlock& block,
               const std::vector<RotaryAngles>& angles);
  // One head of keys of one sequence. `probabilities` of the sequence, [heads,
  // queries, keys]; null: not wanted.
  void Attend(int64_t layer, const RowRange& range, int64_t sequence,
              int64_t key_head, float* probabilities, int thread);

  // The same of a decoder's attention to its encoder: queries of the decoder's
  // rows, keys and values of the encoder's.
  void ProjectQueries(const NativeAttention& attention, PanelBuffer& input,
                      const RowBlock& block);
  // Once, before the layers' ProjectMemory.
  void PrepareMemory(const NativeAttention& attention, PanelBuffer& memory,
                     const RowBlock& block);
  void ProjectMemory(const NativeAttention& attention,
                     const PanelBuffer& memory, const RowBlock& block);
  void AttendAcross(const RowRange& range, const RowRange& memory,
                    int64_t sequence, int64_t key_head, float* probabilities,
                    int thread);

  // The output projection of what all heads gave.
  void Leave(const NativeAttention& attention, const RowBlock& block,
             const LinearTarget& target);

  int64_t num_key_heads() const { return heads_layout_.key_heads; }

 private:
  void Project(const NativeProjection& projection, const PanelBuffer& input,
               const RowBlock& block, const PanelBuffer& heads) const;
  void PrepareHeads(int64_t first_panel, int64_t heads,
                    const std::optional<NativeNorm>& norm,
                    const AnglesView& angles, const RowBlock& block) const;
  // What both kinds of attention have in common. Keys come from `heads`.
  kernels::AttentionCall CallOf(const RowRange& range, int64_t sequence,
                                const PanelBuffer& heads, int64_t first_key_row,
                                int64_t keys, int64_t key_head,
                                float* probabilities, int thread) const;
  // For heads of queries from `first_head` on, and sequences of that length.
  kernels::DistanceVectors DistancesOf(int64_t layer, int64_t first_head,
                                       int64_t length) const;
  double scale() const;
  void MakeDistanceBias(int64_t longest);
  void MakeDistanceRows(int64_t longest);

  const StackRecipe& recipe_;
  const NativeStack& stack_;
  const HeadLayout& heads_layout_;
  const RowOps& ops_;

  PanelBuffer heads_;         // queries, keys and values
  PanelBuffer memory_heads_;  // of these, the encoder's keys and values
  PanelBuffer attended_;
  std::vector<Buffer> scratch_;  // one a thread
  // [heads, 2 * longest - 1], for distances from 1 - longest on.
  int64_t longest_ = 0;
  std::vector<float> distance_bias_;
  // Rows of the table of distances, [2 * longest so far - 1]: in the middle
  // that of a token to itself, behind it those of keys behind their query.
  std::vector<int32_t> distance_rows_;
};

}  // namespace transformerd
