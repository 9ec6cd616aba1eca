// The checksum of zip archives (CRC-32 of IEEE 802.3).
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"

namespace transformerd {

// The checksum of what `crc` is of, followed by `bytes`; 0 is that of nothing.
uint32_t ExtendCrc32(uint32_t crc, absl::Span<const std::byte> bytes);

// The checksum of two pieces, one behind the other, from the checksums of each:
// pieces may be summed in any order, and on several threads.
uint32_t CombineCrc32(uint32_t first, uint32_t second,
                      int64_t second_size_bytes);

}  // namespace transformerd
