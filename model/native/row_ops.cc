#include "model/native/row_ops.h"

#include "model/kernels/layout.h"

namespace transformerd {
namespace {

const float* DataOf(const ParameterVector& values) {
  return values.empty() ? nullptr : values.data();
}

// Without a place for the result.
kernels::NormCall CallOf(const NativeNorm& norm, const RowBuffer& input,
                         const RowBlock& block, int64_t columns) {
  kernels::NormCall call;
  call.input = input.row(block.first);
  call.input_stride = input.stride();
  call.rows = block.count;
  call.columns = columns;
  call.kind = norm.kind;
  call.eps = norm.eps;
  call.weight = DataOf(norm.weight);
  call.bias = DataOf(norm.bias);
  return call;
}

}  // namespace

LinearTarget LinearTarget::Panels(const PanelBuffer& panels,
                                  int64_t first_row) {
  LinearTarget target;
  target.panels = panels.row(first_row);
  target.stride = panels.stride();
  return target;
}

LinearTarget LinearTarget::Rows(const RowBuffer& rows, int64_t first_row) {
  LinearTarget target;
  target.rows = rows.row(first_row);
  target.stride = rows.stride();
  return target;
}

LinearTarget LinearTarget::AddTo(const RowBuffer& rows, int64_t first_row) {
  LinearTarget target;
  target.add_to_rows = rows.row(first_row);
  target.stride = rows.stride();
  return target;
}

void RowOps::PrepareFor(const NativeLinear& linear, PanelBuffer& input,
                        const RowBlock& block) const {
  if (!linear.int8) return;
  kernels::QuantizeCall call;
  call.data = input.row(block.first);
  call.stride = input.stride();
  call.rows = block.count;
  call.columns = linear.in;
  call.scales = input.scales(block.first);
  kernels_.quantize(call);
}

void RowOps::Multiply(const NativeLinear& linear,
                      const kernels::PanelRows& input, int64_t rows,
                      const LinearTarget& target, Activation activation,
                      const NativeLinear* gate) const {
  kernels::LinearCall call;
  call.input = input;
  call.rows = rows;
  call.panels = linear.panels;
  call.out = linear.out;
  call.end_block = kernels::NumBlocks(linear.out);
  call.linear = linear.packed();
  if (gate != nullptr) call.gate = gate->packed();
  call.activation = activation;
  call.panels_out = target.panels;
  call.rows_out = target.rows;
  call.add_to_rows = target.add_to_rows;
  call.stride = target.stride;
  call.map = target.map;
  (linear.int8 ? kernels_.linear_int8 : kernels_.linear)(call);
}

void RowOps::Norm(const NativeNorm& norm, const RowBuffer& input,
                  int64_t columns, const RowBlock& block,
                  const NormTarget& target) const {
  kernels::NormCall call = CallOf(norm, input, block, columns);
  if (target.panels != nullptr) {
    call.panels_out = target.panels->row(block.first);
    call.panels_stride = target.panels->stride();
  }
  if (target.rows != nullptr) {
    call.rows_out = target.rows->row(block.first);
    call.rows_stride = target.rows->stride();
  }
  kernels_.norm(call);
}

void RowOps::AddNorm(const NativeNorm& norm, const RowBuffer& input,
                     int64_t columns, const RowBlock& block,
                     const RowBuffer& target) const {
  kernels::NormCall call = CallOf(norm, input, {0, block.count}, columns);
  call.add_to_rows = target.row(block.first);
  call.rows_stride = target.stride();
  kernels_.norm(call);
}

void RowOps::Pack(const RowBuffer& input, int64_t columns,
                  const RowBlock& block, const PanelBuffer& panels,
                  float scale) const {
  kernels::PackCall call;
  call.input = input.row(block.first);
  call.input_stride = input.stride();
  call.rows = block.count;
  call.columns = columns;
  call.scale = scale;
  call.panels_out = panels.row(block.first);
  call.stride = panels.stride();
  kernels_.pack(call);
}

}  // namespace transformerd
