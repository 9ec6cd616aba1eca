// Checkpoints that torch.save wrote: pytorch_model.bin.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "model/checkpoint/byte_source.h"
#include "model/checkpoint/checkpoint_reader.h"

namespace transformerd {

// Whether a file begins as torch.save begins them: as a zip archive or as a
// pickle. A few bytes are enough to tell.
bool IsTorchFile(absl::string_view begin_of_file);

// Opens a zip archive or a legacy file that holds a state dict, and checks all
// of it but the tensors' bytes. Nothing that its pickle names is run: see
// pickle_machine.h and torch_objects.h. Opening takes less than 64 MiB plus
// four times the size of the file.
//
// Every tensor is an entry, also where several share a storage; what they span
// may then overlap. Those whose elements do not lie in a row (transposed,
// sliced, expanded) have strides.
//
// Zip archives hold checksums. Those of storages are checked while they are
// read, as soon as all of a storage was (see checksum_ledger.h): Read is then
// an error with reason ZIP_INVALID.
//
// Errors are LoadErrors that name the file without its folder:
// WEIGHTS_NOT_FOUND where it cannot be opened, those of torch_zip.h and
// torch_legacy.h, UNSUPPORTED for the tar archives of torch before 0.1.10, and
// PICKLE_INVALID for what is none of these.
absl::StatusOr<std::unique_ptr<CheckpointReader>> OpenTorchFile(
    const std::string& path);

// The same for bytes from elsewhere; `name` is for messages.
absl::StatusOr<std::unique_ptr<CheckpointReader>> OpenTorchSource(
    std::unique_ptr<ByteSource> source, std::string name);

}  // namespace transformerd
