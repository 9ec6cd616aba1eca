#include "model/kernels/pack.h"

#include <cstring>
#include <vector>

#include "glog/logging.h"
#include "model/kernels/layout.h"
#include "model/kernels/pack_block.h"

namespace transformerd::kernels {
namespace {

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
