// The kernels over the engine's buffers.
#pragma once

#include <cstdint>

#include "model/base/dtype.h"
#include "model/kernels/kernels.h"
#include "model/native/buffer.h"
#include "model/native/native_modules.h"

namespace transformerd {

// Consecutive rows of a buffer.
struct RowBlock {
  int64_t first = 0, count = 0;
};

// Where the rows of a linear go.
struct LinearTarget {
  static LinearTarget Panels(const PanelBuffer& panels, int64_t first_row);
  static LinearTarget Rows(const RowBuffer& rows, int64_t first_row);
  static LinearTarget AddTo(const RowBuffer& rows, int64_t first_row);

  std::byte* panels = nullptr;
  float* rows = nullptr;
  float* add_to_rows = nullptr;
  int64_t stride = 0;
  kernels::ColumnMap map;
};

// Where the rows of a norm go: any of these, at the rows' own places.
struct NormTarget {
  const PanelBuffer* panels = nullptr;
  const RowBuffer* rows = nullptr;
};

// Thread-safe, as the kernels are.
class RowOps {
 public:
  RowOps(const kernels::Kernels& kernels, DType dtype)
      : kernels_(kernels), dtype_(dtype) {}

  const kernels::Kernels& kernels() const { return kernels_; }
  DType dtype() const { return dtype_; }

  // Before rows are read by a linear of int8: quantises them in place. Nothing
  // to do for another linear.
  void PrepareFor(const NativeLinear& linear, PanelBuffer& input,
                  const RowBlock& block) const;
  // activation(x W^T + b), or with a gate activation(x G^T + g) * (x W^T + b).
  void Multiply(const NativeLinear& linear, const kernels::PanelRows& input,
                int64_t rows, const LinearTarget& target,
                Activation activation = Activation::kIdentity,
                const NativeLinear* gate = nullptr) const;
  void Norm(const NativeNorm& norm, const RowBuffer& input, int64_t columns,
            const RowBlock& block, const NormTarget& target) const;
  // Adds the norm of the rows of `input` from 0 on to the block's.
  void AddNorm(const NativeNorm& norm, const RowBuffer& input, int64_t columns,
               const RowBlock& block, const RowBuffer& target) const;
  // Rows as panels, times `scale`, at the same places.
  void Pack(const RowBuffer& input, int64_t columns, const RowBlock& block,
            const PanelBuffer& panels, float scale = 1) const;

 private:
  const kernels::Kernels& kernels_;
  const DType dtype_;
};

}  // namespace transformerd
