#include "model/kernels/pack.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "glog/logging.h"
#include "model/kernels/layout.h"

namespace transformerd::kernels {
namespace {

// Packs one block of `columns` outputs. `from` is the first of them; steps are
// in elements, of 2 or 4 bytes.
template <typename T>
void PackBlock(const T* from, int64_t out_step, int64_t in_step,
               int64_t columns, int64_t in, std::byte* packed) {
  constexpr int64_t kPerUnit = kUnitBytes / sizeof(T);
  const int64_t width = RoundUp(columns, kLanes);
  const int64_t units = RoundUp(in, kPerUnit * kUnitsPerPanel) / kPerUnit;
  T* const to = reinterpret_cast<T*>(packed);
  // A few units of all columns at a time, so that what is written stays near
  // until its lines are full.
  for (int64_t first = 0; first < units; first += kUnitsPerPanel) {
    for (int64_t column = 0; column < width; ++column) {
      for (int64_t u = first; u < first + kUnitsPerPanel; ++u) {
        for (int64_t i = 0; i < kPerUnit; ++i) {
          const int64_t k = u * kPerUnit + i;
          const bool is_there = column < columns && k < in;
          to[(u * width + column) * kPerUnit + i] =
              is_there ? from[column * out_step + k * in_step] : T();
        }
      }
    }
  }
}

// The outputs of block `block`.
int64_t ColumnsOf(int64_t out, int64_t block) {
  return std::min(kBlockColumns, out - block * kBlockColumns);
}

template <typename T>
void Pack(const PlainWeight& weight, std::byte* storage) {
  const T* const plain = reinterpret_cast<const T*>(storage);
  const int64_t panels = NumPanels(weight.in, weight.dtype);
  const int64_t blocks = NumBlocks(weight.out);
  if (weight.in_out) {
    const std::vector<T> copy(plain, plain + weight.in * weight.out);
    for (int64_t block = 0; block < blocks; ++block) {
      PackBlock(copy.data() + block * kBlockColumns, 1, weight.out,
                ColumnsOf(weight.out, block), weight.in,
                storage + BlockOffset(block, panels));
    }
    return;
  }
  // The last one first: where padding makes blocks longer than their plain
  // form, they grow into what was packed already.
  std::vector<T> copy(kBlockColumns * weight.in);
  for (int64_t block = blocks - 1; block >= 0; --block) {
    const int64_t columns = ColumnsOf(weight.out, block);
    std::memcpy(copy.data(), plain + block * kBlockColumns * weight.in,
                columns * weight.in * sizeof(T));
    PackBlock(copy.data(), weight.in, 1, columns, weight.in,
              storage + BlockOffset(block, panels));
  }
}

template <typename T>
void Pack(const PlainWeight& weight, const std::byte* plain, int64_t first,
          int64_t count, std::byte* packed) {
  const T* const from = reinterpret_cast<const T*>(plain) + first * weight.in;
  const int64_t panels = NumPanels(weight.in, weight.dtype);
  for (int64_t block = 0; block < NumBlocks(count); ++block) {
    PackBlock(from + block * kBlockColumns * weight.in, weight.in, 1,
              ColumnsOf(count, block), weight.in,
              packed + BlockOffset(block, panels));
  }
}

bool IsFloat(DType dtype) {
  CHECK(dtype == DType::kF32 || dtype == DType::kBF16) << NameOf(dtype);
  return dtype == DType::kF32;
}

}  // namespace

void PackInPlace(const PlainWeight& weight, std::byte* storage) {
  if (IsFloat(weight.dtype)) {
    Pack<float>(weight, storage);
  } else {
    Pack<uint16_t>(weight, storage);
  }
}

void PackOutputs(const PlainWeight& weight, const std::byte* plain,
                 int64_t first, int64_t count, std::byte* packed) {
  CHECK(!weight.in_out);
  if (IsFloat(weight.dtype)) {
    Pack<float>(weight, plain, first, count, packed);
  } else {
    Pack<uint16_t>(weight, plain, first, count, packed);
  }
}

}  // namespace transformerd::kernels
