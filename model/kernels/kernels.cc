#include "model/kernels/kernels.h"

#include "glog/logging.h"
#include "model/kernels/attention_scratch.h"
#include "model/kernels/tables.h"

namespace transformerd::kernels {

int64_t AttentionScratchBytes(int64_t queries, int64_t keys,
                              int64_t head_panels, bool has_distances) {
  // Probabilities that are kept take the most: rows as long as the sequence.
  return AttentionScratch(queries, keys, head_panels,
                          /*keeps_probabilities=*/true, has_distances)
      .size_bytes;
}

const Kernels& KernelsFor(InstructionSet instructions, DType dtype) {
  CHECK(dtype == DType::kF32 || dtype == DType::kBF16) << NameOf(dtype);
  const bool is_float = dtype == DType::kF32;
  switch (instructions) {
    case InstructionSet::kAvx2:
      return is_float ? kAvx2Float32 : kAvx2BFloat16;
    case InstructionSet::kAvx512:
      return is_float ? kAvx512Float32 : kAvx512BFloat16;
    case InstructionSet::kAvx512Vnni:
      return is_float ? kAvx512VnniFloat32 : kAvx512VnniBFloat16;
    case InstructionSet::kAvx512Bf16:
      return is_float ? kAvx512VnniFloat32 : kAvx512Bf16BFloat16;
    case InstructionSet::kAmx:
      return is_float ? kAvx512VnniFloat32 : kAmxBFloat16;
  }
  LOG(FATAL) << "unknown InstructionSet";
}

}  // namespace transformerd::kernels
