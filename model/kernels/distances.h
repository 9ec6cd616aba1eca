// Scores by distance (He et al., 2021a), 16 queries at a time.
//
// The vectors of distances become columns in the order of j - i, of query i and
// key j, so those that share a row of the table have a copy each. Then a
// block of 16 queries i needs neighbouring columns, and no number is gathered:
//
//   products of queries, [i][j - i]        products of keys, [j][j - i]
//
//     i = 0 |  .  .  .  0  1  2  3           j = 0 | -3 -2 -1  0  .  .  .
//     i = 1 |  .  . -1  0  1  2  .           j = 1 |  . -2 -1  0  1  .  .
//     i = 2 |  . -2 -1  0  1  .  .           j = 2 |  .  . -1  0  1  2  .
//     i = 3 | -3 -2 -1  0  .  .  .           j = 3 |  .  .  .  0  1  2  3
//
// On the left the scores of a query lie in a row; on the right those of 16 keys
// lie on a slant, and become rows when rows of one more column are transposed.
#pragma once

#include "model/kernels/attention_scratch.h"
#include "model/kernels/columns.h"
#include "model/kernels/kernels.h"
#include "model/kernels/layout.h"
#include "model/kernels/multiply.h"

namespace transformerd::kernels {

template <typename V, typename E>
class DistanceScores {
 public:
  // The call, whose scratch it uses, must outlive it.
  DistanceScores(const AttentionCall& call, const AttentionScratch& layout)
      : call_(call),
        queries_padded_(layout.queries_padded),
        key_columns_{call.scratch + layout.distance_key_offset,
                     layout.distance_columns(), call.head_panels},
        query_columns_{call.scratch + layout.distance_query_offset,
                       layout.distance_columns(), call.head_panels},
        products_(
            reinterpret_cast<float*>(call.scratch + layout.product_offset)),
        product_stride_(layout.product_stride()) {}

  // Before the scores of a head of queries.
  void Pack(int64_t head) {
    if (has_key()) Pack(head, call_.distances.key, key_columns_);
    if (has_query()) Pack(head, call_.distances.query, query_columns_);
  }

  // Adds to the scores [rows][stride] of the queries from `first` on and `keys`
  // keys from `key` on. All but `rows` are multiples of 16.
  void AddTo(Multiplier<V, E>& multiplier, const PanelRows& query,
             int64_t first, int rows, int64_t key, int64_t keys, float* scores,
             int64_t stride) {
    // Where the last query of a whole block and the first key meet.
    const int64_t column = queries_padded_ - kQueryBlock + key - first;
    if (has_key()) {
      MultiplyColumns(multiplier, query, rows, key_columns_, column,
                      keys + kLanes, products_, product_stride_);
      for (int64_t j = 0; j < keys; j += kLanes) {
        AddRows(products_ + kQueryBlock - 1 + j, product_stride_ - 1, rows,
                scores + j, stride);
      }
    }
    if (!has_query()) return;
    for (int64_t j = 0; j < keys && key + j < call_.keys; j += kLanes) {
      AddByKeys(multiplier, rows, key + j, column + j, scores + j, stride);
    }
  }

 private:
  bool has_key() const { return call_.distances.key.data != nullptr; }
  bool has_query() const { return call_.distances.query.data != nullptr; }

  // The table's rows of one distance after the other.
  void Pack(int64_t head, const PanelRows& table, const BlockedColumns& to) {
    const std::byte* const panels =
        table.data + head * call_.head_panels * table.stride;
    const int64_t distances = call_.queries + call_.keys - 1;
    alignas(64) std::byte lines[kLanes * kPanelBytes];
    for (int64_t column = 0; column < to.columns; column += kLanes) {
      int64_t rows[kLanes];
      for (int64_t i = 0; i < kLanes; ++i) {
        // Those beyond the last ones belong to no token.
        int64_t at = column + i - (queries_padded_ - call_.queries);
        if (at >= distances) at = distances - 1;
        rows[i] = call_.distances.rows[at > 0 ? at : 0];
      }
      PackColumns<V>(to, column, kLanes, [&](int64_t panel) {
        for (int64_t i = 0; i < kLanes; ++i) {
          __builtin_memcpy(
              lines + i * kPanelBytes,
              panels + panel * table.stride + rows[i] * kPanelBytes,
              kPanelBytes);
        }
        return static_cast<const std::byte*>(lines);
      });
    }
  }

  // Of 16 keys from `key` on, the last ones of which may be missing.
  void AddByKeys(Multiplier<V, E>& multiplier, int rows, int64_t key,
                 int64_t column, float* scores, int64_t stride) {
    constexpr int64_t kWidth = 2 * kLanes;
    alignas(64) float by_query[kQueryBlock * kLanes];
    const int64_t left = call_.keys - key;
    const int keys = static_cast<int>(left < kLanes ? left : kLanes);
    MultiplyColumns(multiplier,
                    {call_.key.data + key * kPanelBytes, call_.key.stride},
                    keys, query_columns_, column, kWidth, products_, kWidth);
    V::Transpose(reinterpret_cast<const std::byte*>(products_),
                 (kWidth + 1) * kUnitBytes, keys,
                 reinterpret_cast<std::byte*>(by_query), kPanelBytes);
    AddRows(by_query + (kQueryBlock - 1) * kLanes, -kLanes, rows, scores,
            stride);
  }

  // 16 columns of each row. The first row's begin at `from`, those of the next
  // `step` floats behind.
  static TRANSFORMERD_INLINE void AddRows(const float* from, int64_t step,
                                          int rows, float* to, int64_t stride) {
    for (int r = 0; r < rows; ++r) {
      float* const row = to + r * stride;
      V::Store(row, V::Add(V::Load(row), V::Load(from + r * step)));
    }
  }

  const AttentionCall& call_;
  const int64_t queries_padded_;
  const BlockedColumns key_columns_, query_columns_;
  float* const products_;
  const int64_t product_stride_;
};

}  // namespace transformerd::kernels
