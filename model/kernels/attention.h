// Attention of one sequence over packed rows, block by block.
//
// A block is 16 queries and at most 512 keys. Scores of a block lie in a
// scratch that the nearest caches hold; sums and maxima of a row are carried
// from block to block (Milakov and Gimelshein, 2018), so memory does not grow
// with the square of the length. Blocks are counted from the sequence's start,
// and a row's maximum is its own: nothing depends on what else is in a batch.
//
// Scores are kept in units of log 2, as powers of two are cheaper than those of
// e.
#pragma once

#include <math.h>

#include "model/kernels/functions.h"
#include "model/kernels/kernels.h"
#include "model/kernels/layout.h"
#include "model/kernels/linear.h"
#include "model/kernels/multiply.h"

namespace transformerd::kernels {

inline constexpr int64_t kQueryBlock = 16;
inline constexpr int64_t kKeyBlock = 512;

// Where the parts of a call's scratch begin.
struct AttentionScratch {
  // keys_padded: a multiple of 32, so that panels of probabilities are whole.
  AttentionScratch(int64_t keys, int64_t head_panels, bool keeps_probabilities)
      : keys_padded(RoundUp(keys, 2 * kLanes)),
        block(keeps_probabilities || keys_padded < kKeyBlock ? keys_padded
                                                             : kKeyBlock) {
    const int64_t head_bytes = head_panels * kPanelBytes;
    value_offset = keys_padded * head_bytes;
    score_offset = value_offset + keys_padded * head_bytes;
    weight_offset = score_offset + kQueryBlock * block * kUnitBytes;
    context_offset = weight_offset + kQueryBlock * block * kUnitBytes;
    // bfloat16 have twice as many columns.
    size_bytes = context_offset + kQueryBlock * 2 * head_bytes;
  }

  int64_t keys_padded;
  int64_t block;  // keys of a block
  // Keys come first: for each 48 of them, their units one after the other.
  int64_t value_offset;    // units of keys, each with all columns of a head
  int64_t score_offset;    // floats [16][block]
  int64_t weight_offset;   // probabilities as panels of 16 rows
  int64_t context_offset;  // floats [16][columns of a head]
  int64_t size_bytes = 0;
};

template <typename V, typename E>
class SequenceAttention {
 public:
  explicit SequenceAttention(const AttentionCall& call)
      : call_(call),
        layout_(call.keys, call.head_panels, call.probabilities != nullptr),
        head_columns_(call.head_panels * kUnitsPerPanel * E::kPerUnit),
        keys_(call.scratch),
        values_(call.scratch + layout_.value_offset),
        scores_(Floats(layout_.score_offset)),
        weights_(call.scratch + layout_.weight_offset),
        context_(Floats(layout_.context_offset)) {}

  void Run() {
    PackKeys();
    PackValues();
    for (int64_t head = 0; head < call_.query_heads; ++head) {
      for (int64_t first = 0; first < call_.queries; first += kQueryBlock) {
        AttendBlock(head, first);
      }
    }
  }

 private:
  using Stored = typename E::Stored;

  float* Floats(int64_t offset) const {
    return reinterpret_cast<float*>(call_.scratch + offset);
  }

  // [key][unit] -> [unit][key] in blocks of 48 keys.
  void PackKeys() {
    const int64_t units = call_.head_panels * kUnitsPerPanel;
    for (int64_t key = 0; key < layout_.keys_padded; ++key) {
      const int64_t block = key / kBlockColumns;
      const int64_t width = BlockWidth(layout_.keys_padded, block);
      float* to = reinterpret_cast<float*>(
                      keys_ + BlockOffset(block, call_.head_panels)) +
                  key % kBlockColumns;
      for (int64_t unit = 0; unit < units; ++unit, to += width) {
        *to = key < call_.keys ? reinterpret_cast<const float*>(
                                     call_.key.data +
                                     unit / kUnitsPerPanel * call_.key.stride +
                                     key * kPanelBytes)[unit % kUnitsPerPanel]
                               : 0;
      }
    }
  }

  // Neighbouring keys beside each other, as a unit's two bfloat16 are.
  void PackValues() {
    Stored* const to = reinterpret_cast<Stored*>(values_);
    constexpr int64_t kColumns = kUnitsPerPanel * E::kPerUnit;
    for (int64_t key = 0; key < layout_.keys_padded; ++key) {
      Stored* const row = to + key / E::kPerUnit * head_columns_ * E::kPerUnit +
                          key % E::kPerUnit;
      for (int64_t p = 0; p < call_.head_panels; ++p) {
        const Stored* const from = reinterpret_cast<const Stored*>(
            call_.value.data + p * call_.value.stride + key * kPanelBytes);
        for (int64_t c = 0; c < kColumns; ++c) {
          row[(p * kColumns + c) * E::kPerUnit] =
              key < call_.keys ? from[c] : Stored();
        }
      }
    }
  }

  // The keys [begin, end) that query i may see.
  int64_t BeginOf(int64_t query) const {
    const bool is_limited = call_.before >= 0 && query > call_.before;
    return is_limited ? query - call_.before : 0;
  }
  int64_t EndOf(int64_t query) const {
    const bool is_limited =
        call_.after >= 0 && query + call_.after + 1 < call_.keys;
    return is_limited ? query + call_.after + 1 : call_.keys;
  }

  void AttendBlock(int64_t head, int64_t first) {
    const int64_t left = call_.queries - first;
    const int rows = static_cast<int>(left < kQueryBlock ? left : kQueryBlock);
    for (int r = 0; r < rows; ++r) {
      maxima_[r] = -INFINITY;
      sums_[r] = 0;
    }
    bool is_first = true;
    const int64_t end = EndOf(first + rows - 1);
    // Blocks of keys begin at multiples of their size in any case.
    for (int64_t key = BeginOf(first) / layout_.block * layout_.block;
         key < end; key += layout_.block) {
      const int64_t keys =
          end - key < layout_.block ? end - key : layout_.block;
      Score(head, first, rows, key, RoundUp(keys, 2 * kLanes));
      for (int r = 0; r < rows; ++r) {
        WeighRow(head, first, r, key, RoundUp(keys, 2 * kLanes), is_first);
      }
      AddValues(rows, key, RoundUp(keys, 2 * kLanes), is_first);
      is_first = false;
    }
    for (int r = 0; r < rows; ++r) FinishRow(head, first, r);
  }

  // scores[r][j] of `keys` keys from `key` on.
  void Score(int64_t head, int64_t first, int rows, int64_t key, int64_t keys) {
    const std::byte* const query =
        call_.query.data + head * call_.head_panels * call_.query.stride +
        first * kPanelBytes;
    // Key blocks begin at multiples of 512, those of columns at multiples of
    // 48: what a block of keys shares with its neighbours is computed twice.
    int64_t from = key / kBlockColumns * kBlockColumns;
    while (from < key + keys) {
      const int64_t block = from / kBlockColumns;
      const int64_t width = BlockWidth(layout_.keys_padded, block);
      // Of this block, the columns that lie in the block of keys.
      const int64_t skip = from < key ? key - from : 0;
      const int64_t end = from + width < key + keys ? width : key + keys - from;
      const UnitColumns columns = {
          keys_ + BlockOffset(block, call_.head_panels) + skip * kUnitBytes,
          width * kUnitBytes};
      for (int r = 0; r < rows; r += V::kMaxRows) {
        const int tile = rows - r < V::kMaxRows ? rows - r : V::kMaxRows;
        Multiply<V, E>({query + r * kPanelBytes, call_.query.stride}, columns,
                       call_.head_panels, tile, end - skip,
                       /*accumulate=*/false,
                       scores_ + r * layout_.block + from + skip - key,
                       layout_.block);
      }
      from += kBlockColumns;
    }
  }

  // The score of 16 keys from `key` on, in units of log 2; -inf where the query
  // does not see them.
  typename V::Floats ScoreOf(const float* scores, const float* bias,
                             int64_t key, int64_t begin, int64_t end) const {
    auto x = V::Load(scores);
    if (call_.softcap > 0) {
      x = Tanh<V, E>(V::Mul(x, V::Set(call_.scale / call_.softcap)));
      x = V::Mul(x, V::Set(call_.softcap * kLog2E));
    } else {
      x = V::Mul(x, V::Set(call_.scale * kLog2E));
    }
    if (bias != nullptr) {
      x = V::Fma(V::Load(bias), V::Set(kLog2E), x);
    }
    uint32_t seen = 0xffff;
    if (key + kLanes > end) {
      seen = key < end ? (1u << (end - key)) - 1 : 0;
    }
    if (key < begin) {
      seen &= begin - key < kLanes ? ~((1u << (begin - key)) - 1) : 0;
    }
    if (call_.key_mask != nullptr) {
      for (int i = 0; i < kLanes && key + i < end; ++i) {
        if (call_.key_mask[key + i] == 0) seen &= ~(1u << i);
      }
    }
    if (seen == 0xffff) return x;
    return V::Select(static_cast<uint16_t>(seen), x, V::Set(-INFINITY));
  }

  // Turns scores of a row into weights, relative to the largest score so far.
  void WeighRow(int64_t head, int64_t first, int r, int64_t key, int64_t keys,
                bool is_first) {
    const int64_t query = first + r;
    const int64_t begin = BeginOf(query), end = EndOf(query);
    float* const scores = scores_ + r * layout_.block;
    auto highest = V::Set(-INFINITY);
    for (int64_t j = 0; j < keys; j += kLanes) {
      const float* const bias = BiasOf(head, query, key + j);
      const auto x = ScoreOf(scores + j, bias, key + j, begin, end);
      V::Store(scores + j, x);
      highest = V::Max(highest, x);
    }
    const float block_maximum = V::MaxOf(highest);
    const float maximum =
        block_maximum > maxima_[r] ? block_maximum : maxima_[r];
    // A row that has seen no key so far stays at zero.
    const float reference = maximum == -INFINITY ? 0 : maximum;
    if (!is_first && maximum > maxima_[r]) {
      Rescale(r, exp2f(maxima_[r] - maximum));
    }
    maxima_[r] = maximum;
    auto sum = V::Zero();
    for (int64_t j = 0; j < keys; j += kLanes) {
      const auto weight =
          Exp2<V, E>(V::Sub(V::Load(scores + j), V::Set(reference)));
      sum = V::Add(sum, weight);
      if (call_.probabilities != nullptr) V::Store(scores + j, weight);
      E::template Store<V>(
          InPanels<E>(weights_, kQueryBlock * kPanelBytes, r, j), weight);
    }
    sums_[r] += V::Sum(sum);
  }

  // Of the 16 keys from `key` on; null: none. The table ends where the keys do:
  // a copy stands in for what would reach beyond.
  const float* BiasOf(int64_t head, int64_t query, int64_t key) {
    if (call_.distance_bias == nullptr) return nullptr;
    const float* const table =
        call_.distance_bias + head * call_.distance_bias_stride;
    const int64_t at = key - query + call_.queries - 1;
    const int64_t size = call_.queries + call_.keys - 1;
    if (at + kLanes <= size) return table + at;
    for (int64_t i = 0; i < kLanes; ++i) {
      bias_tail_[i] = at + i < size ? table[at + i] : 0;
    }
    return bias_tail_;
  }

  void Rescale(int r, float factor) {
    sums_[r] *= factor;
    float* const row = context_ + r * head_columns_;
    for (int64_t c = 0; c < head_columns_; c += kLanes) {
      V::Store(row + c, V::Mul(V::Load(row + c), V::Set(factor)));
    }
  }

  // context (+)= weights * values.
  void AddValues(int rows, int64_t key, int64_t keys, bool is_first) {
    const int64_t unit_bytes = head_columns_ * kUnitBytes;
    const int64_t panels = keys / (kUnitsPerPanel * E::kPerUnit);
    for (int r = 0; r < rows; r += V::kMaxRows) {
      const int tile = rows - r < V::kMaxRows ? rows - r : V::kMaxRows;
      Multiply<V, E>({weights_ + r * kPanelBytes, kQueryBlock * kPanelBytes},
                     {values_ + key / E::kPerUnit * unit_bytes, unit_bytes},
                     panels, tile, head_columns_, /*accumulate=*/!is_first,
                     context_ + r * head_columns_, head_columns_);
    }
  }

  void FinishRow(int64_t head, int64_t first, int r) {
    // A query that sees no key gets zeros.
    const float factor = sums_[r] > 0 ? 1 / sums_[r] : 0;
    const int64_t query = first + r;
    const float* const row = context_ + r * head_columns_;
    const int64_t column = call_.context_column + head * call_.head_size;
    if (call_.head_size % kLanes == 0 && column % kLanes == 0) {
      for (int64_t c = 0; c < call_.head_size; c += kLanes) {
        E::template Store<V>(
            InPanels<E>(call_.context, call_.context_stride, query, column + c),
            V::Mul(V::Load(row + c), V::Set(factor)));
      }
    } else {
      for (int64_t c = 0; c < call_.head_size; ++c) {
        *InPanels<E>(call_.context, call_.context_stride, query, column + c) =
            E::Encode(row[c] * factor);
      }
    }
    if (call_.probabilities == nullptr) return;
    float* const out =
        call_.probabilities + (head * call_.queries + query) * call_.keys;
    for (int64_t j = 0; j < call_.keys; ++j) {
      out[j] = scores_[r * layout_.block + j] * factor;
    }
  }

  const AttentionCall& call_;
  const AttentionScratch layout_;
  const int64_t head_columns_;  // with the zeros behind the last one
  std::byte* const keys_;
  std::byte* const values_;
  float* const scores_;
  std::byte* const weights_;
  float* const context_;
  float maxima_[kQueryBlock];
  float sums_[kQueryBlock];
  float bias_tail_[kLanes];
};

template <typename V, typename E>
void RunAttend(const AttentionCall& call) {
  SequenceAttention<V, E>(call).Run();
}

}  // namespace transformerd::kernels
