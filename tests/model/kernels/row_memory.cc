#include "tests/model/kernels/row_memory.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "model/kernels/layout.h"

namespace transformerd::kernels {
namespace {

// Of float32 and of bfloat16 alike.
constexpr std::byte kNanByte{0xff};
constexpr double kUntouched = std::numeric_limits<double>::quiet_NaN();

int64_t PaddedColumns(DType dtype, bool in_panels, int64_t columns) {
  return RoundUp(columns, in_panels ? ColumnsPerPanel(dtype) : kLanes);
}

}  // namespace

RowMemory::RowMemory(DType dtype, bool in_panels, int64_t rows, int64_t columns,
                     int64_t margin)
    : dtype_(dtype),
      in_panels_(in_panels),
      margin_(margin),
      all_rows_(rows + 2 * margin),
      all_columns_(PaddedColumns(dtype, in_panels, columns) +
                   (margin > 0 ? ColumnsPerPanel(dtype) : 0)),
      memory_(all_rows_ * all_columns_ * BytesOf(dtype) +
                  (in_panels ? kRowSlack * kPanelBytes : 0),
              kNanByte),
      before_(memory_),
      lowest_(all_rows_ * all_columns_, kUntouched),
      highest_(lowest_) {}

RowMemory RowMemory::Of(DType dtype, bool in_panels, const Matrix& rows) {
  RowMemory memory(dtype, in_panels, rows.rows, rows.columns, /*margin=*/0);
  for (int64_t r = 0; r < rows.rows; ++r) {
    for (int64_t c = 0; c < memory.all_columns_; ++c) {
      memory.Set(r, c, c < rows.columns ? rows.at(r, c) : 0);
    }
  }
  return memory;
}

RowMemory RowMemory::PanelsOf(DType dtype, const Matrix& rows) {
  return Of(dtype, /*in_panels=*/true, rows);
}

RowMemory RowMemory::FloatsOf(const Matrix& rows) {
  return Of(DType::kF32, /*in_panels=*/false, rows);
}

RowMemory RowMemory::GuardedPanels(DType dtype, int64_t rows, int64_t columns) {
  return RowMemory(dtype, /*in_panels=*/true, rows, columns, /*margin=*/1);
}

RowMemory RowMemory::GuardedFloats(int64_t rows, int64_t columns) {
  return RowMemory(DType::kF32, /*in_panels=*/false, rows, columns,
                   /*margin=*/1);
}

int64_t RowMemory::stride() const {
  return in_panels_ ? all_rows_ * kPanelBytes : all_columns_;
}

int64_t RowMemory::OffsetOf(int64_t row, int64_t column) const {
  const int64_t element = BytesOf(dtype_);
  if (!in_panels_) return IndexOf(row, column) * element;
  const int64_t per_panel = ColumnsPerPanel(dtype_);
  return column / per_panel * stride() + (row + margin_) * kPanelBytes +
         column % per_panel * element;
}

void RowMemory::Set(int64_t row, int64_t column, double value) {
  const auto number = static_cast<float>(RoundTo(dtype_, value));
  // Its upper half is a bfloat16.
  const auto* bytes = reinterpret_cast<const std::byte*>(&number);
  const int64_t size = BytesOf(dtype_);
  const int64_t offset = OffsetOf(row, column);
  std::memcpy(memory_.data() + offset, bytes + sizeof(number) - size, size);
  std::memcpy(before_.data() + offset, memory_.data() + offset, size);
}

double RowMemory::Get(int64_t row, int64_t column) const {
  float number = 0;
  auto* const bytes = reinterpret_cast<std::byte*>(&number);
  const int64_t size = BytesOf(dtype_);
  std::memcpy(bytes + sizeof(number) - size,
              memory_.data() + OffsetOf(row, column), size);
  return number;
}

void RowMemory::Expect(int64_t row, int64_t column, double value,
                       double error) {
  lowest_[IndexOf(row, column)] = RoundTo(dtype_, value - error);
  highest_[IndexOf(row, column)] = RoundTo(dtype_, value + error);
}

::testing::AssertionResult RowMemory::HoldsWhatIsExpected() const {
  for (int64_t row = -margin_; row < all_rows_ - margin_; ++row) {
    for (int64_t column = 0; column < all_columns_; ++column) {
      const double lowest = lowest_[IndexOf(row, column)];
      const double highest = highest_[IndexOf(row, column)];
      const double got = Get(row, column);
      if (std::isnan(lowest)) {
        const int64_t offset = OffsetOf(row, column);
        if (std::memcmp(memory_.data() + offset, before_.data() + offset,
                        BytesOf(dtype_)) == 0) {
          continue;
        }
        return ::testing::AssertionFailure()
               << "row " << row << " column " << column << " became " << got;
      }
      if (got >= lowest && got <= highest) continue;
      return ::testing::AssertionFailure()
             << "row " << row << " column " << column << " is " << got
             << ", not in [" << lowest << ", " << highest << "]";
    }
  }
  return ::testing::AssertionSuccess();
}

}  // namespace transformerd::kernels
