#include "model/reference/packed_attention.h"

#include <ATen/ops/_efficient_attention_forward.h>
#include <ATen/ops/_flash_attention_forward.h>
#include <ATen/ops/zeros.h>
#include <c10/core/TensorOptions.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "glog/logging.h"
#include "model/reference/ops.h"
#include "model/reference/tensors.h"

namespace transformerd {
namespace {

// Both operators have one block of threads a row along an axis of CUDA's grid
// that ends there.
constexpr int64_t kMostRows = 65535;

constexpr int64_t kMostFlashHeadSize = 256;

// Rows of heads are read 16 bytes at a time.
bool IsAligned(const PackedNeed& need) {
  const auto bytes = static_cast<int64_t>(c10::elementSize(need.dtype));
  return need.head_size * bytes % 16 == 0;
}

bool IsHalf(at::ScalarType dtype) {
  return dtype == at::kHalf || dtype == at::kBFloat16;
}

at::Tensor AttendByFlash(const AttentionSpan& span, double scale,
                         const at::Tensor& query_THK, const at::Tensor& key_TGK,
                         const at::Tensor& value_TGK, const RowBorders& queries,
                         const RowBorders& keys) {
  static_assert(AttentionSpan::kUnlimited == -1, "as the operator has it");
  return std::get<0>(at::_flash_attention_forward(
      query_THK, key_TGK, value_TGK, queries.offsets, keys.offsets,
      queries.longest, keys.longest, /*dropout_p=*/0,
      /*is_causal=*/span.after == 0, /*return_debug_mask=*/false, scale,
      span.before, span.after));
}

at::Tensor AttendMemoryEfficiently(const AttentionSpan& span, double scale,
                                   const at::Tensor& query_THK,
                                   const at::Tensor& key_TGK,
                                   const at::Tensor& value_TGK,
                                   const RowBorders& queries,
                                   const RowBorders& keys) {
  constexpr int64_t kNoMask = 0, kCausal = 1;
  const int64_t heads = query_THK.size(1);
  std::optional<int64_t> window;  // with the query itself
  if (span.before != AttentionSpan::kUnlimited) window = span.before + 1;
  return std::get<0>(
             at::_efficient_attention_forward(
                 query_THK.unsqueeze(0),
                 RepeatHeads(key_TGK, heads).unsqueeze(0),
                 RepeatHeads(value_TGK, heads).unsqueeze(0), /*bias=*/{},
                 queries.offsets, keys.offsets, queries.longest, keys.longest,
                 /*dropout_p=*/0, span.after == 0 ? kCausal : kNoMask,
                 /*compute_log_sumexp=*/false, scale, /*seqlen_k=*/{}, window))
      .squeeze(0);
}

bool TryFlashAttention(at::Device device) {
  const at::TensorOptions options(device);
  const at::Tensor token_THK = at::zeros({1, 1, 8}, options.dtype(at::kHalf));
  PackedRows row;
  row.sequence_offsets = {0, 1};
  RowBorders borders = MakeRowBorders(row);
  borders.offsets = ToDevice(borders.offsets, device);
  try {
    AttendByFlash({}, /*scale=*/1, token_THK, token_THK, token_THK, borders,
                  borders);
    return true;
  } catch (const c10::Error& error) {
    LOG(INFO) << device
              << " has no flash attention: " << error.what_without_backtrace();
    return false;
  }
}

}  // namespace

PackedKernel ChoosePackedKernel(const PackedNeed& need, bool has_flash) {
  const AttentionSpan& span = need.span;
  if (!need.device.is_cuda() || !IsAligned(need) || need.rows > kMostRows) {
    return PackedKernel::kNone;
  }
  if (IsHalf(need.dtype) && has_flash && need.head_size <= kMostFlashHeadSize) {
    return PackedKernel::kFlash;
  }
  // GPUs that have no flash attention have no kernels of bfloat16 either.
  const bool has_dtype = need.dtype == at::kFloat || need.dtype == at::kHalf ||
                         (need.dtype == at::kBFloat16 && has_flash);
  const bool sees_all = span.before == AttentionSpan::kUnlimited &&
                        span.after == AttentionSpan::kUnlimited;
  return has_dtype && (sees_all || span.after == 0)
             ? PackedKernel::kMemoryEfficient
             : PackedKernel::kNone;
}

bool HasFlashAttention(at::Device device) {
  static absl::Mutex mutex(absl::kConstInit);
  static auto* const found = new std::map<at::DeviceIndex, bool>;
  const absl::MutexLock lock(&mutex);
  const auto known = found->find(device.index());
  if (known != found->end()) return known->second;
  return found->emplace(device.index(), TryFlashAttention(device))
      .first->second;
}

PackedKernel PackedKernelOn(const at::TensorOptions& weights, int64_t head_size,
                            int64_t rows, const AttentionSpan& span) {
  const at::Device device = weights.device();
  const PackedNeed need = {device, c10::typeMetaToScalarType(weights.dtype()),
                           head_size, rows, span};
  return ChoosePackedKernel(need,
                            device.is_cuda() && HasFlashAttention(device));
}

RowBorders MakeRowBorders(const PackedRows& rows) {
  RowBorders borders;
  borders.offsets =
      TensorOf(absl::MakeConstSpan(rows.sequence_offsets)).to(at::kInt);
  for (int64_t s = 0; s < rows.num_sequences(); ++s) {
    borders.longest = std::max(borders.longest, rows.length(s));
  }
  return borders;
}

at::Tensor AttendPacked(PackedKernel kernel, const AttentionSpan& span,
                        double scale, const at::Tensor& query_THK,
                        const at::Tensor& key_TGK, const at::Tensor& value_TGK,
                        const RowBorders& queries, const RowBorders& keys) {
  switch (kernel) {
    case PackedKernel::kNone:
      break;
    case PackedKernel::kFlash:
      return AttendByFlash(span, scale, query_THK, key_TGK, value_TGK, queries,
                           keys);
    case PackedKernel::kMemoryEfficient:
      return AttendMemoryEfficiently(span, scale, query_THK, key_TGK, value_TGK,
                                     queries, keys);
  }
  LOG(FATAL) << "no kernel " << static_cast<int>(kernel);
}

}  // namespace transformerd
