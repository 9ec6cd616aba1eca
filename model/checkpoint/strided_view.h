// Tensors whose elements do not lie in a row: transposed, sliced, expanded.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/container/inlined_vector.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "model/base/shape.h"

namespace transformerd {

// Maps the bytes of a dense, row-major tensor to where they are. Immutable,
// hence thread-safe.
class StridedView {
 public:
  // Fills a buffer with the bytes from a position on.
  using Reader =
      absl::FunctionRef<absl::Status(int64_t, absl::Span<std::byte>)>;
  // Takes bytes of the dense tensor, whole elements, that begin at a position
  // in it.
  using Writer = absl::FunctionRef<void(int64_t, absl::Span<const std::byte>)>;
  // Bytes [begin, end) of the dense tensor, whole elements.
  struct Range {
    int64_t begin = 0, end = 0;
  };

  // Most bytes that Gather reads at once.
  static constexpr int64_t kWindowBytes = 8 << 20;

  // A tensor that begins at `offset_bytes`; strides (none negative, as many as
  // extents) count elements of `element_bytes`. The tensor and all that it
  // spans must be of less than 2^63 bytes.
  StridedView(int64_t offset_bytes, const Shape& shape, const Shape& strides,
              int64_t element_bytes);

  int64_t offset_bytes() const { return offset_bytes_; }
  // Of the dense tensor.
  int64_t size_bytes() const { return size_bytes_; }
  // True where the bytes are those from offset_bytes on, in a row.
  bool is_dense() const { return size_bytes_ == 0 || axes_.size() == 1; }

  // Memory that Gather takes: a window.
  int64_t window_bytes() const;

  // Writes the ranges, which must be inside of the dense tensor and in order
  // (CHECK), in pieces of any size and order, each byte once. Reads the stretch
  // that the ranges span, gaps included, once: window by window. An error of
  // `read` ends it.
  absl::Status Gather(absl::Span<const Range> ranges, Reader read,
                      Writer write) const;

 private:
  // One loop over the tensor, in bytes. The innermost has stride 1.
  struct Axis {
    int64_t extent = 0;
    int64_t stride = 0;
    // Of one step of it: bytes of the dense tensor, and how far it spans.
    int64_t step_bytes = 0;
    int64_t reach_bytes = 0;
  };
  struct Request;

  void Pick(size_t axis, int64_t dense, int64_t source,
            const Request& request) const;
  // Where a range of the dense tensor may be, from offset_bytes.
  Range SpanOf(Range range) const;

  int64_t offset_bytes_;
  int64_t size_bytes_;
  absl::InlinedVector<Axis, 4> axes_;
};

}  // namespace transformerd
