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

#include "model/kernels/attention_scratch.h"
#include "model/kernels/columns.h"
#include "model/kernels/distances.h"
#include "model/kernels/functions.h"
#include "model/kernels/kernels.h"
#include "model/kernels/layout.h"
#include "model/kernels/multiply.h"
#include "model/kernels/panels.h"

namespace transformerd::kernels {

template <typename V, typename E>
class SequenceAttention {
 public:
  explicit SequenceAttention(const AttentionCall& call)
      : call_(call),
        layout_(call.queries, call.keys, call.head_panels,
                call.probabilities != nullptr, call.distances.is_any()),
        head_columns_(call.head_panels * kUnitsPerPanel * E::kPerUnit),
        keys_{call.scratch, layout_.keys_padded, call.head_panels},
        values_(call.scratch + layout_.value_offset),
        scores_(Floats(layout_.score_offset)),
        weights_(call.scratch + layout_.weight_offset),
        context_(Floats(layout_.context_offset)),
        distances_(call, layout_) {}

  void Run() {
    PackKeys();
    PackValues();
    for (int64_t head = 0; head < call_.query_heads; ++head) {
      if (call_.distances.is_any()) distances_.Pack(head);
      for (int64_t first = 0; first < call_.queries; first += kQueryBlock) {
        AttendBlock(head, first);
      }
    }
  }

 private:
  using Stored = typename E::Stored;
  static constexpr int kTileRows = Multiplier<V, E>::kRows;

  static int TileRows(int left) { return left < kTileRows ? left : kTileRows; }

  float* Floats(int64_t offset) const {
    return reinterpret_cast<float*>(call_.scratch + offset);
  }

  void PackKeys() {
    for (int64_t key = 0; key < layout_.keys_padded; key += kLanes) {
      const int64_t left = call_.keys - key;
      const int rows = left < kLanes ? static_cast<int>(left) : kLanes;
      PackColumns<V>(keys_, key, rows, [&](int64_t panel) {
        return call_.key.data + panel * call_.key.stride + key * kPanelBytes;
      });
    }
  }

  // Neighbouring keys beside each other, as a unit's two bfloat16 are.
  void PackValues() {
    constexpr int64_t kUnitRow = kUnitsPerPanel * kUnitBytes * E::kPerUnit;
    for (int64_t key = 0; key < layout_.keys_padded; key += E::kPerUnit) {
      std::byte* const to =
          values_ + key / E::kPerUnit * call_.head_panels * kUnitRow;
      for (int64_t p = 0; p < call_.head_panels; ++p) {
        const std::byte* const from =
            call_.value.data + p * call_.value.stride + key * kPanelBytes;
        if (key + E::kPerUnit <= call_.keys) {
          E::template PackRows<V>(from, kPanelBytes, to + p * kUnitRow);
        } else {
          PackLastValues(from, call_.keys - key, to + p * kUnitRow);
        }
      }
    }
  }

  // The same of `rows` rows, with zeros behind them.
  void PackLastValues(const std::byte* from, int64_t rows, std::byte* to) {
    alignas(64) std::byte copy[E::kPerUnit * kPanelBytes] = {};
    if (rows > 0) __builtin_memcpy(copy, from, rows * kPanelBytes);
    E::template PackRows<V>(copy, kPanelBytes, to);
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
    // Probabilities that are kept are those of all keys.
    const int64_t end =
        call_.probabilities != nullptr ? call_.keys : EndOf(first + rows - 1);
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

  // scores[r][j] of `keys` keys from `key` on, not scaled yet.
  void Score(int64_t head, int64_t first, int rows, int64_t key, int64_t keys) {
    const PanelRows query = {call_.query.data +
                                 head * call_.head_panels * call_.query.stride +
                                 first * kPanelBytes,
                             call_.query.stride};
    // Key blocks begin at multiples of 512, those of columns at multiples of
    // 48: one may begin or end inside of another.
    MultiplyColumns(multiplier_, query, rows, keys_, key, keys, scores_,
                    layout_.block);
    if (!call_.distances.is_any()) return;
    distances_.AddTo(multiplier_, query, first, rows, key, keys, scores_,
                     layout_.block);
  }

  // Whether scores are more than scaled products.
  bool HasTransform() const {
    return call_.softcap > 0 || call_.distance_bias != nullptr ||
           call_.key_mask != nullptr;
  }
  bool SeesAllAlike(int64_t query) const {
    return call_.masked_see_all && call_.key_mask != nullptr &&
           call_.key_mask[query] == 0;
  }

  // Brings the scores of keys [from, to) from `key` on to units of log 2.
  void Transform(int64_t head, int64_t query, int64_t key, int64_t from,
                 int64_t to, float* scores) {
    for (int64_t j = from; j < to; j += kLanes) {
      auto x = V::Load(scores + j);
      if (call_.softcap > 0) {
        x = Tanh<V>(V::Mul(x, V::Set(call_.scale / call_.softcap)));
        x = V::Mul(x, V::Set(call_.softcap * kLog2E));
      } else {
        x = V::Mul(x, V::Set(call_.scale * kLog2E));
      }
      const float* const bias = BiasOf(head, query, key + j);
      if (bias != nullptr) x = V::Fma(V::Load(bias), V::Set(kLog2E), x);
      if (call_.key_mask != nullptr) {
        uint32_t seen = 0;
        for (int i = 0; i < kLanes && key + j + i < call_.keys; ++i) {
          seen |= static_cast<uint32_t>(call_.key_mask[key + j + i] != 0) << i;
        }
        x = V::Select(static_cast<uint16_t>(seen), x, V::Set(-INFINITY));
      }
      V::Store(scores + j, x);
    }
  }

  // Hides the keys of a vector that lie outside of [begin, end).
  static void Hide(int64_t begin, int64_t end, float* scores) {
    const uint32_t before_end = end < kLanes ? (1u << end) - 1 : 0xffff;
    const uint32_t from_begin = begin > 0 ? ~((1u << begin) - 1) : 0xffff;
    V::Store(scores, V::Select(static_cast<uint16_t>(before_end & from_begin),
                               V::Load(scores), V::Set(-INFINITY)));
  }

  // Turns scores of a row into weights, relative to the largest score so far.
  void WeighRow(int64_t head, int64_t first, int r, int64_t key, int64_t keys,
                bool is_first) {
    const int64_t query = first + r;
    float* const scores = scores_ + r * layout_.block;
    // The keys that the query sees, and the vectors that hold them.
    const int64_t begin = Clamp(BeginOf(query) - key, keys);
    const int64_t end = Clamp(EndOf(query) - key, keys);
    const int64_t from = begin / kLanes * kLanes;
    const int64_t to = end > begin ? RoundUp(end, kLanes) : from;
    float factor = call_.scale * kLog2E;
    if (SeesAllAlike(query)) {
      for (int64_t j = from; j < to; j += kLanes) {
        V::Store(scores + j, V::Zero());
      }
    } else if (HasTransform()) {
      Transform(head, query, key, from, to, scores);
      factor = 1;
    }
    // Not where it sees none: there is no vector then.
    if (to > from) {
      if (begin > from) Hide(begin - from, kLanes, scores + from);
      if (end < to) Hide(0, end - (to - kLanes), scores + to - kLanes);
    }
    auto highest = V::Set(-INFINITY);
    for (int64_t j = from; j < to; j += kLanes) {
      highest = V::Max(highest, V::Load(scores + j));
    }
    const float block_maximum = V::MaxOf(highest) * factor;
    const float maximum =
        block_maximum > maxima_[r] ? block_maximum : maxima_[r];
    if (!is_first && maximum > maxima_[r]) {
      Rescale(r, exp2f(maxima_[r] - maximum));
    }
    maxima_[r] = maximum;
    // A row that has seen no key so far keeps weights of zero.
    const auto reference = V::Set(maximum == -INFINITY ? 0 : -maximum);
    auto sum = V::Zero();
    for (int64_t j = 0; j < keys; j += kLanes) {
      auto weight = V::Zero();
      if (j >= from && j < to) {
        weight =
            Exp2<V, E>(V::Fma(V::Load(scores + j), V::Set(factor), reference));
        sum = V::Add(sum, weight);
      }
      if (call_.probabilities != nullptr) V::Store(scores + j, weight);
      E::template Store<V>(
          InPanels<E>(weights_, kQueryBlock * kPanelBytes, r, j), weight);
    }
    sums_[r] += V::Sum(sum);
  }

  static int64_t Clamp(int64_t value, int64_t end) {
    return value < 0 ? 0 : value < end ? value : end;
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
    for (int r = 0; r < rows; r += kTileRows) {
      multiplier_.Multiply(
          {weights_ + r * kPanelBytes, kQueryBlock * kPanelBytes},
          {values_ + key / E::kPerUnit * unit_bytes, unit_bytes}, panels,
          TileRows(rows - r), head_columns_, /*accumulate=*/!is_first,
          context_ + r * head_columns_, head_columns_);
    }
  }

  // Made for the first query that sees no key, for all that follow.
  const float* SumOfValues() {
    float* const sums = Floats(layout_.value_sum_offset);
    if (has_value_sum_) return sums;
    has_value_sum_ = true;
    constexpr int64_t kColumns = kUnitsPerPanel * E::kPerUnit;
    for (int64_t c = 0; c < head_columns_; c += kLanes) {
      const std::byte* const column =
          call_.value.data + c / kColumns * call_.value.stride;
      auto sum = V::Zero();
      for (int64_t key = 0; key < call_.keys; ++key) {
        const auto* const row =
            reinterpret_cast<const Stored*>(column + key * kPanelBytes);
        sum = V::Add(sum, E::template Load<V>(row + c % kColumns));
      }
      V::Store(sums + c, sum);
    }
    return sums;
  }

  // A query that sees no key weighs all alike, as a softmax of equal scores
  // does.
  void WeighAllAlike(int r) {
    __builtin_memcpy(context_ + r * head_columns_, SumOfValues(),
                     head_columns_ * kUnitBytes);
    sums_[r] = static_cast<float>(call_.keys);
    if (call_.probabilities == nullptr) return;
    for (int64_t key = 0; key < call_.keys; ++key) {
      scores_[r * layout_.block + key] = 1;
    }
  }

  void FinishRow(int64_t head, int64_t first, int r) {
    if (sums_[r] == 0) WeighAllAlike(r);
    const float factor = 1 / sums_[r];
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
  Multiplier<V, E> multiplier_;
  const AttentionScratch layout_;
  const int64_t head_columns_;  // with the zeros behind the last one
  const BlockedColumns keys_;
  std::byte* const values_;
  float* const scores_;
  std::byte* const weights_;
  float* const context_;
  float maxima_[kQueryBlock];
  float sums_[kQueryBlock];
  float bias_tail_[kLanes];
  bool has_value_sum_ = false;
  DistanceScores<V, E> distances_;
};

template <typename V, typename E>
void RunAttend(const AttentionCall& call) {
  SequenceAttention<V, E>(call).Run();
}

}  // namespace transformerd::kernels
