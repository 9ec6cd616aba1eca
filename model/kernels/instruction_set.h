// Which instructions the kernels may use on this processor.
#pragma once

#include <optional>
#include <vector>

#include "absl/strings/string_view.h"

namespace transformerd::kernels {

// In the order of their speed; each has what those before it have.
enum class InstructionSet {
  kAvx2,        // AVX2 and FMA
  kAvx512,      // AVX-512 F, BW, DQ and VL
  kAvx512Vnni,  // and products of bytes
  kAvx512Bf16,  // and products of bfloat16
  kAmx,         // and AMX-TILE, AMX-BF16 and AMX-INT8
};

// "avx2", "avx512", "avx512_vnni", "avx512_bf16", "amx".
absl::string_view NameOf(InstructionSet instructions);

// What a processor and its system say.
struct CpuFeatures {
  bool avx2 = false, fma = false;
  bool avx512f = false, avx512bw = false, avx512dq = false, avx512vl = false;
  bool avx512vnni = false, avx512bf16 = false;
  bool amx_tile = false, amx_bf16 = false, amx_int8 = false;
};

// Of the processor that this runs on. Asks the system for the use of tiles,
// which it grants to a process once and for all its threads; where it refuses,
// there are none.
CpuFeatures DetectCpuFeatures();

// The fastest set; nothing where there is not even AVX2.
std::optional<InstructionSet> BestInstructionSet(const CpuFeatures& features);

// All sets that can run, the slowest first.
std::vector<InstructionSet> InstructionSets(const CpuFeatures& features);

}  // namespace transformerd::kernels
