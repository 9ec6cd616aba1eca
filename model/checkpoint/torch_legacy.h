// Files that torch.save wrote until version 1.6: pickles and raw bytes.
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "model/checkpoint/byte_source.h"
#include "model/checkpoint/torch_contents.h"

namespace transformerd {

// Such a file is five pickles in a row: a magic number, the protocol's number
// 1001, a dict about the system that wrote it, the state dict, and the list of
// storage keys; then, for each of these, the number of elements (eight bytes)
// and the elements. There are no checksums.

// Whether a file begins like that; 21 bytes are enough to tell.
bool IsTorchLegacy(absl::string_view begin_of_file);

// Reads the pickles and the storages' sizes. The file must end with its last
// storage. Errors are those of pickle_machine.h and torch_objects.h; TRUNCATED,
// STORAGE_NOT_FOUND and STORAGE_BOUNDS as their names say; UNSUPPORTED for
// foreign byte orders.
absl::StatusOr<TorchContents> ReadTorchLegacy(const ByteSource& source);

}  // namespace transformerd
