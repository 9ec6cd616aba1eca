#include "model/checkpoint/strided_view.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

// Gives out a file that lies in memory and counts what is read of it.
class File {
 public:
  explicit File(int64_t size_bytes) {
    std::mt19937 random(1);
    for (int64_t i = 0; i < size_bytes; ++i)
      bytes_ += static_cast<char>(random());
  }

  const std::string& bytes() const { return bytes_; }
  int64_t bytes_read() const { return bytes_read_; }
  int64_t largest_read() const { return largest_read_; }

  absl::Status Read(int64_t offset, absl::Span<std::byte> buffer) {
    const auto size = static_cast<int64_t>(buffer.size());
    EXPECT_GE(offset, 0);
    EXPECT_LE(offset + size, static_cast<int64_t>(bytes_.size()));
    std::memcpy(buffer.data(), bytes_.data() + offset, buffer.size());
    bytes_read_ += size;
    largest_read_ = std::max(largest_read_, size);
    return absl::OkStatus();
  }

 private:
  std::string bytes_;
  int64_t bytes_read_ = 0;
  int64_t largest_read_ = 0;
};

// The dense tensor, one element after the other.
std::string Expected(const std::string& file, int64_t offset,
                     const Shape& shape, const Shape& strides,
                     int64_t element_bytes) {
  std::string dense;
  const int64_t count = *NumElements(shape);
  for (int64_t i = 0; i < count; ++i) {
    int64_t at = 0, rest = i;
    for (size_t axis = shape.size(); axis-- > 0;) {
      at += rest % shape[axis] * strides[axis];
      rest /= shape[axis];
    }
    dense += file.substr(offset + at * element_bytes, element_bytes);
  }
  return dense;
}

using Ranges = std::vector<StridedView::Range>;

// The dense tensor with dots where nothing was written.
std::string Gather(const StridedView& view, File& file, const Ranges& ranges) {
  std::string dense(view.size_bytes(), '.');
  std::vector<bool> is_written(view.size_bytes());
  EXPECT_THAT(view.Gather(
                  ranges,
                  [&file](int64_t offset, absl::Span<std::byte> buffer) {
                    return file.Read(offset, buffer);
                  },
                  [&](int64_t begin, absl::Span<const std::byte> bytes) {
                    std::memcpy(dense.data() + begin, bytes.data(),
                                bytes.size());
                    for (size_t i = 0; i < bytes.size(); ++i) {
                      EXPECT_FALSE(is_written[begin + i]) << begin + i;
                      is_written[begin + i] = true;
                    }
                  }),
              IsOk());
  return dense;
}

TEST(StridedViewTest, KnowsTensorsInARow) {
  EXPECT_TRUE(StridedView(0, {2, 3}, {3, 1}, 4).is_dense());
  EXPECT_TRUE(StridedView(0, {}, {}, 4).is_dense());
  EXPECT_TRUE(StridedView(0, {1, 3}, {99, 1}, 4).is_dense());
  EXPECT_TRUE(StridedView(0, {0, 3}, {7, 7}, 4).is_dense());
  EXPECT_TRUE(StridedView(0, {5, 1}, {1, 9}, 1).is_dense());
  EXPECT_FALSE(StridedView(0, {2, 3}, {1, 2}, 4).is_dense());
  EXPECT_FALSE(StridedView(0, {3}, {2}, 1).is_dense());
  EXPECT_FALSE(StridedView(0, {3}, {0}, 4).is_dense());
}

TEST(StridedViewTest, GathersRandomViewsFromRandomPlaces) {
  std::mt19937 random(20260101);
  const auto below = [&random](int64_t limit) {
    return std::uniform_int_distribution<int64_t>(0, limit - 1)(random);
  };
  File file(1 << 14);
  for (int i = 0; i < 2000; ++i) {
    const int64_t element_bytes = int64_t{1} << below(4);
    const int64_t offset = below(64);
    Shape shape, strides;
    for (int64_t rank = below(5); rank > 0; --rank) {
      shape.push_back(1 + below(5));
      strides.push_back(below(70));
    }
    const StridedView view(offset, shape, strides, element_bytes);
    const std::string expected =
        Expected(file.bytes(), offset, shape, strides, element_bytes);
    ASSERT_EQ(view.size_bytes(), static_cast<int64_t>(expected.size()));
    // Up to three ranges of elements, and what is left of the others.
    Ranges ranges;
    std::string wanted(expected.size(), '.');
    const int64_t count = view.size_bytes() / element_bytes;
    for (int64_t at = below(count); at < count && ranges.size() < 3;) {
      const int64_t size = 1 + below(count - at);
      ranges.push_back({at * element_bytes, (at + size) * element_bytes});
      wanted.replace(ranges.back().begin, size * element_bytes, expected,
                     ranges.back().begin, size * element_bytes);
      at += size + below(3);
    }

    ASSERT_EQ(Gather(view, file, ranges), wanted)
        << ToString(shape) << ToString(strides) << element_bytes;
  }
}

TEST(StridedViewTest, TransposesMoreThanAWindow) {
  constexpr int64_t kRows = 1200, kColumns = 2500;  // 12 MB of floats
  File file(kRows * kColumns * 4);
  const StridedView view(0, {kColumns, kRows}, {1, kColumns}, 4);

  const std::string dense = Gather(view, file, {{0, view.size_bytes()}});

  EXPECT_EQ(dense,
            Expected(file.bytes(), 0, {kColumns, kRows}, {1, kColumns}, 4));
  EXPECT_EQ(file.bytes_read(), kRows * kColumns * 4);
  EXPECT_LE(file.largest_read(), StridedView::kWindowBytes);
  EXPECT_EQ(view.window_bytes(), StridedView::kWindowBytes);
}

TEST(StridedViewTest, ReadsNoMoreThanTheRowsThatAreWanted) {
  File file(1000 * 40);
  const StridedView view(0, {1000, 5}, {10, 1}, 4);  // half of each row

  Gather(view, file, {{500 * 20, 503 * 20}});

  EXPECT_EQ(file.bytes_read(), 2 * 40 + 20);
  EXPECT_EQ(view.window_bytes(), 999 * 40 + 20);
}

TEST(StridedViewTest, PassesErrorsOn) {
  const StridedView view(0, {2, 2}, {1, 2}, 1);

  EXPECT_THAT(view.Gather(
                  {{0, 4}},
                  [](int64_t, absl::Span<std::byte>) {
                    return absl::DataLossError("gone");
                  },
                  [](int64_t, absl::Span<const std::byte>) {
                    ADD_FAILURE() << "writes what was not read";
                  }),
              StatusIs(absl::StatusCode::kDataLoss, "gone"));
}

}  // namespace
}  // namespace transformerd
