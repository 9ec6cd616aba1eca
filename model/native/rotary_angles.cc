#include "model/native/rotary_angles.h"

#include <algorithm>
#include <cmath>

#include "model/modules/rotary_frequencies.h"

namespace transformerd {
namespace {

// Positions up to here have their angles computed once. Beyond, a request could
// name one far position and have all before it computed.
constexpr int64_t kMaxTable = 16384;

bool DependsOnLength(const RotaryRecipe& recipe) {
  return recipe.scaling == RotaryScaling::kDynamic ||
         recipe.scaling == RotaryScaling::kLongRope;
}

}  // namespace

void RotaryAngles::Prepare(const PackedRows& rows) {
  if (!recipe_) return;
  const auto& positions = rows.position_ids;
  const int64_t end =
      positions.empty()
          ? 0
          : *std::max_element(positions.begin(), positions.end()) + 1;
  const bool wants_table = !DependsOnLength(*recipe_) && end <= kMaxTable;
  if (!wants_table || !is_table_) {
    cosines_.clear();
    sines_.clear();
  }
  is_table_ = wants_table;
  if (wants_table) {
    const int64_t known = static_cast<int64_t>(cosines_.size()) / pairs();
    if (known >= end) return;
    const std::vector<double> frequencies = RotaryFrequencies(*recipe_, end);
    for (int64_t i = known; i < end; ++i) Append(i, frequencies);
    return;
  }
  for (int64_t s = 0; s < rows.num_sequences(); ++s) {
    const auto begin = positions.begin() + rows.sequence_offsets[s];
    const auto row_end = begin + rows.length(s);
    const std::vector<double> frequencies =
        RotaryFrequencies(*recipe_, *std::max_element(begin, row_end) + 1);
    for (auto it = begin; it != row_end; ++it) Append(*it, frequencies);
  }
}

void RotaryAngles::Append(int64_t position,
                          const std::vector<double>& frequencies) {
  for (const double frequency : frequencies) {
    const double angle = static_cast<double>(position) * frequency;
    cosines_.push_back(
        static_cast<float>(std::cos(angle) * recipe_->attention_factor));
    sines_.push_back(
        static_cast<float>(std::sin(angle) * recipe_->attention_factor));
  }
}

AnglesView RotaryAngles::At(const PackedRows& rows, int64_t token) const {
  if (is_table_) {
    return {cosines_.data(), sines_.data(), pairs(),
            rows.position_ids.data() + token};
  }
  return {cosines_.data() + token * pairs(), sines_.data() + token * pairs(),
          pairs(), nullptr};
}

}  // namespace transformerd
