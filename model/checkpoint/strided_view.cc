#include "model/checkpoint/strided_view.h"

#include <algorithm>
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

// A range, as far as it lies in a window.
struct StridedView::Request {
  Range range;
  int64_t window_begin, window_end;
  const std::byte* window;
  Writer write;
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

int64_t StridedView::window_bytes() const {
  if (size_bytes_ == 0) return 0;
  const Range span = SpanOf({0, size_bytes_});
  return std::min(kWindowBytes, span.end - span.begin);
}

absl::Status StridedView::Gather(absl::Span<const Range> ranges, Reader read,
                                 Writer write) const {
  if (ranges.empty()) return absl::OkStatus();
  int64_t done = 0;
  for (const Range& range : ranges) {
    CHECK(done <= range.begin && range.begin < range.end &&
          range.end <= size_bytes_)
        << range.begin << " " << range.end;
    done = range.end;
  }
  const Range span = SpanOf({ranges.front().begin, ranges.back().end});
  std::vector<std::byte> window(std::min(kWindowBytes, span.end - span.begin));
  for (int64_t at = span.begin; at < span.end; at += kWindowBytes) {
    const int64_t end = std::min(at + kWindowBytes, span.end);
    const auto part = absl::MakeSpan(window).subspan(0, end - at);
    RETURN_IF_ERROR(read(offset_bytes_ + at, part));
    for (const Range& range : ranges) {
      Pick(0, 0, 0, {range, at, end, part.data(), write});
    }
  }
  return absl::OkStatus();
}

StridedView::Range StridedView::SpanOf(Range range) const {
  auto [begin, end] = range;
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
void StridedView::Pick(size_t axis, int64_t dense, int64_t source,
                       const Request& request) const {
  const Axis& loop = axes_[axis];
  // Of a transposed tensor each element comes here: no divisions.
  if (axis + 1 == axes_.size()) {
    const int64_t begin = std::max({int64_t{0}, request.range.begin - dense,
                                    request.window_begin - source});
    const int64_t end = std::min(
        {loop.extent, request.range.end - dense, request.window_end - source});
    if (begin >= end) return;
    request.write(dense + begin,
                  {request.window + (source + begin - request.window_begin),
                   static_cast<size_t>(end - begin)});
    return;
  }
  // The steps that have something of the dense bytes wanted...
  int64_t begin =
      std::max<int64_t>(0, (request.range.begin - dense) / loop.step_bytes);
  int64_t end = std::min(loop.extent,
                         DivideUp(request.range.end - dense, loop.step_bytes));
  // ...and something of the window.
  if (loop.stride > 0) {
    begin = std::max(
        begin, DivideUp(request.window_begin - loop.reach_bytes + 1 - source,
                        loop.stride));
    end = std::min(end, DivideUp(request.window_end - source, loop.stride));
  }
  for (int64_t i = begin; i < end; ++i) {
    Pick(axis + 1, dense + i * loop.step_bytes, source + i * loop.stride,
         request);
  }
}

}  // namespace transformerd
