// A decoder's attention to what its encoder gave.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorOptions.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "model/config/stack_recipe.h"
#include "model/modules/modules.h"
#include "model/reference/packed_attention.h"
#include "model/runtime/packing.h"

namespace transformerd {

// Keys and values of one layer, [E, H, K] each. They depend on the encoder
// alone: whoever runs the decoder several times makes them once.
struct CrossMemory {
  at::Tensor key, value;
};

// From the encoder's last hidden states, [E, D].
CrossMemory MakeCrossMemory(const Attention& attention,
                            const StackRecipe& recipe,
                            const at::Tensor& encoded_ED);

// Which of the encoder's tokens each of the decoder's sees: all that are
// visible in its row. The same for all layers of one forward pass. Refers to
// the recipe.
class CrossContext {
 public:
  // Neighbouring rows that one call can take.
  struct Group {
    int64_t rows = 0;
    int64_t first_query = 0, queries = 0;  // of each row
    int64_t first_key = 0, keys = 0;
    std::optional<at::Tensor> bias;  // [1, 1, 1, keys] for the scores
  };

  // Row s of the decoder looks at row s of the encoder. `options` are the dtype
  // and the device of the weights, where the borders of the rows are as well.
  CrossContext(const StackRecipe& recipe, const PackedRows& decoder,
               const RowBorders& decoder_borders, const PackedRows& encoder,
               const RowBorders& encoder_borders,
               const at::TensorOptions& options);

  const StackRecipe& recipe() const { return recipe_; }
  const std::vector<Group>& groups() const { return groups_; }

  // What attends to all rows that nothing masks, in one call; kNone where they
  // are attended to group by group. The borders are for it alone.
  PackedKernel kernel() const { return kernel_; }
  const RowBorders& query_borders() const { return query_borders_; }
  const RowBorders& key_borders() const { return key_borders_; }

 private:
  const StackRecipe& recipe_;
  std::vector<Group> groups_;
  PackedKernel kernel_ = PackedKernel::kNone;
  RowBorders query_borders_, key_borders_;
};

// The output projection included: [T, D] -> [T, D]. Where `probabilities` is
// not null it receives the probabilities of all rows, [heads, queries, keys]
// each, flat, one row after the other.
at::Tensor AttendAcross(const Attention& attention, const CrossContext& context,
                        const CrossMemory& memory, const at::Tensor& input_TD,
                        at::Tensor* probabilities);

}  // namespace transformerd
