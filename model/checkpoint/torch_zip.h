// Files that torch.save writes since version 1.6: zip archives.
#pragma once

#include "absl/status/statusor.h"
#include "model/checkpoint/byte_source.h"
#include "model/checkpoint/torch_contents.h"

namespace transformerd {

// An archive has one folder with data.pkl (the pickle), data/<key> (the bytes
// of a storage), version and byteorder, and some small entries that say nothing
// about the tensors.
//
// Reads the directory and the small entries, whose checksums are checked here;
// those of the storages are left to whoever reads their bytes. Errors are those
// of zip_directory.h, pickle_machine.h and torch_objects.h; STORAGE_NOT_FOUND
// and STORAGE_BOUNDS for storages whose entry is missing or of another size;
// UNSUPPORTED for TorchScript, foreign byte orders and versions to come.
absl::StatusOr<TorchContents> ReadTorchZip(const ByteSource& source);

}  // namespace transformerd
