// Attention of all rows of a packed batch in one call, on GPUs.
//
// Shapes: T tokens of all rows, H heads, G key and value heads, K head size.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorOptions.h>

#include <cstdint>

#include "model/config/block_recipe.h"
#include "model/runtime/packing.h"

namespace transformerd {

// LibTorch's operators that take rows of any lengths.
enum class PackedKernel {
  kNone,
  kFlash,            // Dao, 2023
  kMemoryEfficient,  // Rabe and Staats, 2021
};

// What attention asks of a kernel besides scaled products.
struct PackedNeed {
  at::Device device = at::kCPU;
  at::ScalarType dtype = at::kFloat;
  int64_t head_size = 0;
  int64_t rows = 0;
  // What a query sees of its row; 0 tokens ahead is causal.
  AttentionSpan span;
};

// The fastest operator that can do it, kNone where none can. `has_flash` is
// what HasFlashAttention says of the device.
PackedKernel ChoosePackedKernel(const PackedNeed& need, bool has_flash);

// Whether flash attention runs on this GPU: it takes compute capability 8.0.
// LibTorch tells that only by refusing, so this tries, once a device.
// Thread-safe.
bool HasFlashAttention(at::Device device);

// The choice for weights of this dtype on this device.
PackedKernel PackedKernelOn(const at::TensorOptions& weights, int64_t head_size,
                            int64_t rows, const AttentionSpan& span);

// Where rows begin and end among the tokens of all, as the operators read it.
struct RowBorders {
  at::Tensor offsets;  // int32, [rows + 1]
  int64_t longest = 0;
};

// On the host.
RowBorders MakeRowBorders(const PackedRows& rows);

// Row i of the queries, [T, H, K], attends to row i of keys and values,
// [T', G, K]: [T, H, K]. Nothing is masked and nothing is added to the scores.
// `kernel` is what ChoosePackedKernel gave for this.
at::Tensor AttendPacked(PackedKernel kernel, const AttentionSpan& span,
                        double scale, const at::Tensor& query_THK,
                        const at::Tensor& key_TGK, const at::Tensor& value_TGK,
                        const RowBorders& queries, const RowBorders& keys);

}  // namespace transformerd
