// Memory that the native engine computes in.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "model/base/dtype.h"
#include "model/kernels/layout.h"
#include "model/kernels/multiply.h"

namespace transformerd {

// Aligned memory of zeros that grows and never shrinks: what runs again and
// again allocates nothing once it has seen its largest input. Not copied.
class Buffer {
 public:
  // At least `size_bytes`; what was there is lost where it grows.
  std::byte* Reserve(int64_t size_bytes) {
    if (size_bytes > capacity_) {
      // Room for both is not needed; and where there is none, nothing is left.
      data_.reset();
      capacity_ = 0;
      data_.reset(static_cast<std::byte*>(
          ::operator new(size_bytes, std::align_val_t(kAlignment))));
      std::memset(data_.get(), 0, size_bytes);
      capacity_ = size_bytes;
    }
    return data_.get();
  }
  std::byte* data() const { return data_.get(); }

 private:
  static constexpr size_t kAlignment = 64;
  struct Free {
    void operator()(std::byte* data) const {
      ::operator delete(data, std::align_val_t(kAlignment));
    }
  };

  std::unique_ptr<std::byte, Free> data_;
  int64_t capacity_ = 0;
};

// Float32 rows, as wide as a multiple of 16.
class RowBuffer {
 public:
  void Resize(int64_t rows, int64_t columns) {
    stride_ = kernels::RoundUp(columns, kernels::kLanes);
    data_ = reinterpret_cast<float*>(
        buffer_.Reserve(rows * stride_ * sizeof(float)));
  }
  int64_t stride() const { return stride_; }  // in floats
  float* row(int64_t r) const { return data_ + r * stride_; }

 private:
  Buffer buffer_;
  float* data_ = nullptr;
  int64_t stride_ = 0;
};

// Rows of the model's dtype in panels (see model/kernels/layout.h), which may
// be quantised where they are.
class PanelBuffer {
 public:
  // What was there is lost. Columns that nobody writes to must be zeros:
  // `is_partly_used` has them cleared, as rows of another number lay elsewhere.
  void Resize(int64_t rows, int64_t panels, bool is_partly_used) {
    stride_ = rows * kernels::kPanelBytes;
    data_ = buffer_.Reserve(stride_ * panels +
                            kernels::kRowSlack * kernels::kPanelBytes);
    scales_.resize(std::max(scales_.size(), static_cast<size_t>(rows)));
    if (is_partly_used) std::memset(data_, 0, stride_ * panels);
  }
  // The same for rows of `columns` elements.
  void ResizeFor(int64_t rows, int64_t columns, DType dtype) {
    Resize(rows, kernels::NumPanels(columns, dtype),
           columns % kernels::ColumnsPerPanel(dtype) != 0);
  }
  int64_t stride() const { return stride_; }  // bytes from panel to panel
  // Row r of panel p.
  std::byte* row(int64_t r, int64_t panel = 0) const {
    return data_ + panel * stride_ + r * kernels::kPanelBytes;
  }
  kernels::PanelRows rows(int64_t first, int64_t panel = 0) const {
    return {row(first, panel), stride_, scales_.data() + first};
  }
  // Of rows that are quantised.
  kernels::RowScale* scales(int64_t first) { return scales_.data() + first; }

 private:
  Buffer buffer_;
  std::byte* data_ = nullptr;
  int64_t stride_ = 0;
  std::vector<kernels::RowScale> scales_;
};

}  // namespace transformerd
