#include "tests/model/kernels/attention_case.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <new>

#include "model/kernels/layout.h"

namespace transformerd::kernels {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr std::align_val_t kAlignment{64};

struct FreeScratch {
  void operator()(std::byte* scratch) const {
    ::operator delete(scratch, kAlignment);
  }
};

// NaNs, so that nothing is read that was not written.
std::unique_ptr<std::byte, FreeScratch> MakeScratch(int64_t size_bytes) {
  std::unique_ptr<std::byte, FreeScratch> scratch(
      static_cast<std::byte*>(::operator new(size_bytes, kAlignment)));
  std::memset(scratch.get(), 0xff, size_bytes);
  return scratch;
}

// Heads of `head_size`, each in panels of its own.
RowMemory HeadsOf(DType dtype, const Matrix& rows, int64_t head_size,
                  int64_t rows_around) {
  const int64_t stride = RoundUp(head_size, ColumnsPerPanel(dtype));
  const int64_t columns = rows.columns / head_size * stride;
  Matrix heads(rows.rows + 2 * rows_around, columns, kNan);
  for (int64_t r = 0; r < rows.rows; ++r) {
    for (int64_t c = 0; c < columns; ++c) {
      const int64_t column = c / stride * head_size + c % stride;
      heads.at(rows_around + r, c) =
          c % stride < head_size ? rows.at(r, column) : 0;
    }
  }
  return RowMemory::PanelsOf(dtype, heads);
}

// Rows `stride` numbers apart, with NaNs between them and none at the end.
std::vector<float> RowsApart(const Matrix& matrix, int64_t stride) {
  std::vector<float> floats;
  for (int64_t r = 0; r < matrix.rows; ++r) {
    floats.resize(r * stride, std::numeric_limits<float>::quiet_NaN());
    const auto begin = matrix.values.begin() + r * matrix.columns;
    floats.insert(floats.end(), begin, begin + matrix.columns);
  }
  return floats;
}

}  // namespace

AttentionInput MakeInput(const AttentionCase& attention, uint32_t seed) {
  Numbers numbers(seed);
  AttentionInput input;
  input.query =
      numbers.Eighths(attention.queries, attention.heads * attention.head_size);
  input.key = numbers.Eighths(attention.keys, attention.head_size);
  input.value = numbers.Eighths(attention.keys, attention.head_size);
  input.scale =
      static_cast<float>(attention.score_size /
                         std::sqrt(static_cast<double>(attention.head_size)));
  input.softcap = attention.softcap;
  input.before = attention.before;
  input.after = attention.after;
  if (attention.key_mask) {
    for (int64_t j = 0; j < attention.keys; ++j) {
      input.key_mask.push_back(numbers.Coin() ? 1 : 0);
    }
  }
  input.masked_see_all = attention.masked_see_all;
  const int64_t distances = attention.queries + attention.keys - 1;
  const int64_t columns = attention.heads * attention.head_size;
  if (attention.distance_key) {
    input.distance_key = numbers.Eighths(attention.num_distances, columns);
  }
  if (attention.distance_query) {
    input.distance_query = numbers.Eighths(attention.num_distances, columns);
  }
  if (attention.distance_key || attention.distance_query) {
    for (int64_t i = 0; i < distances; ++i) {
      input.distance_rows.push_back(static_cast<int32_t>(
          numbers.Integer(0, attention.num_distances - 1)));
    }
  }
  if (attention.distance_bias) {
    input.distance_bias = numbers.Eighths(attention.heads, distances);
  }
  return input;
}

AttentionResult RunAttention(const Variant& variant,
                             const AttentionInput& input,
                             const AttentionPlace& place) {
  const int64_t around = place.rows_around;
  const int64_t size = input.head_size();
  RowMemory query = HeadsOf(variant.dtype, input.query, size, around);
  RowMemory key = HeadsOf(variant.dtype, input.key, size, around);
  RowMemory value = HeadsOf(variant.dtype, input.value, size, around);
  RowMemory distance_key =
      HeadsOf(variant.dtype, input.distance_key, size, /*rows_around=*/1);
  RowMemory distance_query =
      HeadsOf(variant.dtype, input.distance_query, size, /*rows_around=*/1);
  const int64_t bias_stride = input.distance_bias.columns + 3;
  const std::vector<float> bias = RowsApart(input.distance_bias, bias_stride);
  AttentionResult result = {
      RowMemory::GuardedPanels(variant.dtype, input.query.rows,
                               place.first_column + input.query.columns),
      RowMemory::GuardedFloats(
          1, place.keeps_probabilities
                 ? input.heads() * input.query.rows * input.key.rows
                 : 0)};
  AttentionCall call;
  call.query = query.panel_rows(around);
  call.key = key.panel_rows(around);
  call.value = value.panel_rows(around);
  call.queries = input.query.rows;
  call.keys = input.key.rows;
  call.query_heads = input.heads();
  call.head_panels = NumPanels(size, variant.dtype);
  call.head_size = size;
  call.scale = static_cast<float>(input.scale);
  call.softcap = static_cast<float>(input.softcap);
  call.before = input.before;
  call.after = input.after;
  if (!input.key_mask.empty()) call.key_mask = input.key_mask.data();
  if (!bias.empty()) call.distance_bias = bias.data();
  call.distance_bias_stride = bias_stride;
  call.masked_see_all = input.masked_see_all;
  call.distances.rows = input.distance_rows.data();
  if (input.distance_key.rows > 0) {
    call.distances.key = distance_key.panel_rows(1);
  }
  if (input.distance_query.rows > 0) {
    call.distances.query = distance_query.panel_rows(1);
  }
  call.context = result.context.panels();
  call.context_stride = result.context.stride();
  call.context_column = place.first_column;
  if (place.keeps_probabilities) {
    call.probabilities = result.probabilities.floats();
  }
  const auto scratch = MakeScratch(AttentionScratchBytes(
      call.queries, call.keys, call.head_panels, call.distances.is_any()));
  call.scratch = scratch.get();
  variant.kernels->attend(call);
  return result;
}

::testing::AssertionResult EqualsTwin(const Variant& variant,
                                      const AttentionInput& input,
                                      const AttentionPlace& place) {
  AttentionResult result = RunAttention(variant, input, place);
  const AttentionOutput twin = AttentionTwin(input, variant.dtype);
  for (int64_t i = 0; i < twin.context.rows; ++i) {
    for (int64_t c = 0; c < twin.context.columns; ++c) {
      result.context.Expect(i, place.first_column + c, twin.context.at(i, c),
                            twin.context_error.at(i, c));
    }
  }
  if (place.keeps_probabilities) {
    const std::vector<double>& probabilities = twin.probabilities.values;
    for (size_t i = 0; i < probabilities.size(); ++i) {
      result.probabilities.Expect(
          0, static_cast<int64_t>(i), probabilities[i],
          // Numbers too small to matter may be zeros.
          probabilities[i] * twin.relative_error(variant.dtype) + 1e-30);
    }
  }
  ::testing::AssertionResult equal = result.context.HoldsWhatIsExpected();
  if (equal) equal = result.probabilities.HoldsWhatIsExpected();
  if (!equal) {
    equal << " (" << variant << ": " << input.query.rows << " queries, "
          << input.key.rows << " keys, " << input.heads() << " heads of "
          << input.head_size() << ")";
  }
  return equal;
}

}  // namespace transformerd::kernels
