#include "model/kernels/pack.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "glog/logging.h"
#include "model/kernels/layout.h"

namespace transformerd::kernels {
namespace {

// Elements of 2 or 4 bytes, whose values do not matter.
template <typename T>
class Packer {
 public:
  Packer(const PlainWeight& weight, std::byte* storage)
      : weight_(weight),
        panels_(NumPanels(weight.in, weight.dtype)),
        units_(panels_ * kUnitsPerPanel),
        storage_(storage) {}

  void Run() {
    const T* const plain = reinterpret_cast<const T*>(storage_);
    const int64_t blocks = NumBlocks(weight_.out);
    if (weight_.in_out) {
      const std::vector<T> copy(plain, plain + weight_.in * weight_.out);
      for (int64_t block = 0; block < blocks; ++block) {
        PackBlock(block, copy.data() + block * kBlockColumns, 1, weight_.out);
      }
      return;
    }
    // The last one first: where padding makes blocks longer than their plain
    // form, they grow into what was packed already.
    std::vector<T> copy(kBlockColumns * weight_.in);
    for (int64_t block = blocks - 1; block >= 0; --block) {
      const int64_t first = block * kBlockColumns;
      const int64_t rows = std::min(kBlockColumns, weight_.out - first);
      std::memcpy(copy.data(), plain + first * weight_.in,
                  rows * weight_.in * sizeof(T));
      PackBlock(block, copy.data(), weight_.in, 1);
    }
  }

 private:
  static constexpr int64_t kPerUnit = kUnitBytes / sizeof(T);

  // `from` is the block's first output; steps are in elements.
  void PackBlock(int64_t block, const T* from, int64_t out_step,
                 int64_t in_step) {
    const int64_t width = BlockWidth(weight_.out, block);
    const int64_t columns =
        std::min(width, weight_.out - block * kBlockColumns);
    T* const to = reinterpret_cast<T*>(storage_ + BlockOffset(block, panels_));
    // A few units of all columns at a time, so that what is written stays near
    // until its lines are full.
    for (int64_t first = 0; first < units_; first += kUnitsPerPanel) {
      for (int64_t column = 0; column < width; ++column) {
        for (int64_t u = first; u < first + kUnitsPerPanel; ++u) {
          for (int64_t i = 0; i < kPerUnit; ++i) {
            const int64_t in = u * kPerUnit + i;
            const bool is_there = column < columns && in < weight_.in;
            to[(u * width + column) * kPerUnit + i] =
                is_there ? from[column * out_step + in * in_step] : T();
          }
        }
      }
    }
  }

  const PlainWeight& weight_;
  const int64_t panels_;
  const int64_t units_;
  std::byte* const storage_;
};

}  // namespace

void PackInPlace(const PlainWeight& weight, std::byte* storage) {
  CHECK(weight.dtype == DType::kF32 || weight.dtype == DType::kBF16)
      << NameOf(weight.dtype);
  if (weight.dtype == DType::kF32) {
    Packer<float>(weight, storage).Run();
  } else {
    Packer<uint16_t>(weight, storage).Run();
  }
}

}  // namespace transformerd::kernels
