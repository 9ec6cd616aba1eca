// Cosines and sines of rotary positions for a batch.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/config/block_recipe.h"
#include "model/runtime/packing.h"

namespace transformerd {

// What kernels::HeadsCall takes, from some token of the batch on.
struct AnglesView {
  const float* cosines = nullptr;
  const float* sines = nullptr;
  int64_t pairs = 0;
  const int64_t* positions = nullptr;
};

// Of one kind of layers. Keeps what the next batch needs as well.
class RotaryAngles {
 public:
  // Nothing: there are no angles, and views have no pairs.
  explicit RotaryAngles(const std::optional<RotaryRecipe>& recipe)
      : recipe_(recipe) {}

  // Frequencies that depend on a row's length take its highest position plus
  // one for that, each row by itself.
  void Prepare(const PackedRows& rows);

  // Valid until the next Prepare, as `rows` is.
  AnglesView At(const PackedRows& rows, int64_t token) const;

 private:
  int64_t pairs() const { return recipe_ ? (recipe_->dim + 1) / 2 : 0; }
  void Append(int64_t position, const std::vector<double>& frequencies);

  const std::optional<RotaryRecipe>& recipe_;
  // Whether the rows below belong to positions, or to the tokens of a batch.
  bool is_table_ = false;
  std::vector<float> cosines_, sines_;  // [positions or tokens, pairs]
};

}  // namespace transformerd
