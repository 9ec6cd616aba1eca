// What every CheckpointReader promises, for tests that throw bytes at one.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "model/checkpoint/checkpoint_reader.h"

namespace transformerd {

// Says which promise the reader breaks; empty where it keeps all: entries are
// in order, with unique keys and sizes that fit their shapes, and each can be
// read or is refused with a reason. Entries of more than 1 MiB are not read (a
// view can be of any size).
std::string BrokenPromise(const CheckpointReader& reader);

// The same for an error: that it has a reason, and fits in an answer.
std::string BrokenPromise(const absl::Status& error);

}  // namespace transformerd
