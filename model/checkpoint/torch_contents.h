// What is in a file that torch.save wrote, and where.
#pragma once

#include <cstdint>
#include <vector>

#include "model/checkpoint/checksum_ledger.h"
#include "model/checkpoint/torch_objects.h"

namespace transformerd {

// All of it checked: each storage has as many bytes in the file as its elements
// take, and each tensor lies inside of its storage.
struct TorchContents {
  StateDict state;
  std::vector<TorchTensor> tensors;
  std::vector<TorchStorage> storages;
  // Where the bytes of each storage begin.
  std::vector<int64_t> storage_offsets;
  // Of the storages, where the format has checksums. Ordered by offset.
  std::vector<ChecksummedStretch> checksums;
};

}  // namespace transformerd
