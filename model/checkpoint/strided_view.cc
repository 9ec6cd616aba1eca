#include "model/checkpoint/strided_view.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "glog/logging.h"
#include "model/base/status_macros.h"

namespace transformerd {
namespace {

// For positive divisors.
int64_t DivideUp(int64_t a, int64_t b) {
  return a > 0 ? (a - 1) / b + 1 : -(-a / b);
}

}  // namespace

// Bytes [begin, end) of the dense tensor, as far as they lie in a window.
struct StridedView::Request {
  int64_t begin, end;
  std::byte* dense;
  int64_t window_begin, window_end;
  const std::byte* window;
};

StridedView::StridedView(int64_t offset_bytes, const Shape& shape,
                         const Shape& strides, int64_t element_bytes)
    : offset_bytes_(offset_bytes), size_bytes_(element_bytes) {
  CHECK_EQ(shape.size(), strides.size());
  for (int64_t extent : shape) size_bytes_ *= extent;
  if (size_bytes_ == 0) return;
  // From the inside out. Axes that continue each other become one.
  axes_.push_back({element_bytes, 1, 1, 1});
  for (size_t i = shape.size(); i-- > 0;) {
    if (shape[i] == 1) continue;
    Axis& inner = axes_.back();
    const int64_t stride = strides[i] * element_bytes;
    if (stride == inner.extent * inner.stride) {
      inner.extent *= shape[i];
      continue;
    }
    axes_.push_back({shape[i], stride, inner.extent * inner.step_bytes,
                     (inner.extent - 1) * inner.stride + inner.reach_bytes});
  }
  std::reverse(axes_.begin(), axes_.end());
}

absl::Status StridedView::Gather(int64_t begin, absl::Span<std::byte> dense,
                                 const Reader& read) const {
  const auto count = static_cast<int64_t>(dense.size());
  CHECK(begin >= 0 && count <= size_bytes_ - begin) << begin << " " << count;
  if (count == 0) return absl::OkStatus();
  const auto [first, last] = SpanOf(begin, begin + count);
  std::vector<std::byte> window(std::min(kWindowBytes, last - first));
  for (int64_t at = first; at < last; at += kWindowBytes) {
    const int64_t end = std::min(at + kWindowBytes, last);
    const auto part = absl::MakeSpan(window).subspan(0, end - at);
    RETURN_IF_ERROR(read(offset_bytes_ + at, part));
    Copy(0, 0, 0, {begin, begin + count, dense.data(), at, end, part.data()});
  }
  return absl::OkStatus();
}

std::pair<int64_t, int64_t> StridedView::SpanOf(int64_t begin,
                                                int64_t end) const {
  int64_t base = 0;
  for (const Axis& axis : axes_) {
    const int64_t first = begin / axis.step_bytes;
    const int64_t last = (end - 1) / axis.step_bytes;
    if (first != last) {
      return {base + first * axis.stride,
              base + last * axis.stride + axis.reach_bytes};
    }
    base += first * axis.stride;
    begin -= first * axis.step_bytes;
    end -= first * axis.step_bytes;
  }
  return {base, base + 1};
}

// `dense` and `source` are where axis number `axis` begins.
void StridedView::Copy(size_t axis, int64_t dense, int64_t source,
                       const Request& request) const {
  const Axis& loop = axes_[axis];
  // The steps that have something of the dense bytes wanted...
  int64_t begin =
      std::max<int64_t>(0, (request.begin - dense) / loop.step_bytes);
  int64_t end =
      std::min(loop.extent, DivideUp(request.end - dense, loop.step_bytes));
  // ...and something of the window.
  if (loop.stride > 0) {
    begin = std::max(
        begin, DivideUp(request.window_begin - loop.reach_bytes + 1 - source,
                        loop.stride));
    end = std::min(end, DivideUp(request.window_end - source, loop.stride));
  }
  if (axis + 1 == axes_.size()) {
    if (begin >= end) return;
    std::memcpy(request.dense + (dense + begin - request.begin),
                request.window + (source + begin - request.window_begin),
                end - begin);
    return;
  }
  for (int64_t i = begin; i < end; ++i) {
    Copy(axis + 1, dense + i * loop.step_bytes, source + i * loop.stride,
         request);
  }
}

}  // namespace transformerd
