// Weights on their way into the layout of the kernels.
#pragma once

#include <cstddef>
#include <cstdint>

#include "model/base/dtype.h"

namespace transformerd::kernels {

// The weight of a linear as a checkpoint holds it, row-major: [out, in], or
// [in, out] where in_out is set.
struct PlainWeight {
  int64_t out = 0, in = 0;
  DType dtype = DType::kF32;  // F32 or BF16
  bool in_out = false;
};

// Replaces the plain weight in `storage` by the packed one (see layout.h);
// `storage` holds PackedBytes(...), of which the plain weight are the first.
//
// Block by block, as a block of [out, in] has its bytes where its packed form
// belongs: memory beside `storage` is that of one block, of [in, out] that of
// the whole weight.
void PackInPlace(const PlainWeight& weight, std::byte* storage);

// Packs the outputs [first, first + count) of a plain weight, [out, in], as if
// they were all of it. `packed` holds PackedBytes(count, weight.in, ...).
void PackOutputs(const PlainWeight& weight, const std::byte* plain,
                 int64_t first, int64_t count, std::byte* packed);

}  // namespace transformerd::kernels
