// Tensors of inference requests and answers, in raw and in typed form.
//
// A request is raw (its tensors lie in raw_input_contents) or typed (each in
// its own `contents`), never both, and is answered in its own form. Errors are
// INVALID_ARGUMENT, name the tensor (FieldOf), what was given and what was
// expected. Nothing is allocated on the word of a shape: sizes are compared
// with the bytes that came first.
//
// All functions are thread-safe.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/base/host_tensor.h"
#include "model/base/shape.h"
#include "proto/inference.pb.h"

namespace transformerd {

// Most dimensions that an input may have.
inline constexpr int kMaxRank = 16;

// The form of the answer: true unless an input carries typed contents.
bool UsesRawContents(const inference::ModelInferRequest& request);

// True where the tensor has the parameter "shared_memory_region". Such a tensor
// has no contents and no entry in raw_input_contents.
bool IsInSharedMemory(
    const inference::ModelInferRequest::InferInputTensor& input);

// Checks the form of a request as a whole: raw and typed contents are not
// mixed, and there are as many raw entries as inputs outside of shared memory.
absl::Status CheckContents(const inference::ModelInferRequest& request);

// The shape that an input states, checked for rank, sign and overflow; what it
// says about the number of elements is not compared with any contents.
absl::StatusOr<Shape> DecodeShape(
    const inference::ModelInferRequest::InferInputTensor& input);

// Input number `index` (within range, CHECK) of any datatype but BYTES. Linear
// in `index`: check the names of a request before decoding what it holds.
absl::StatusOr<HostTensor> DecodeInput(
    const inference::ModelInferRequest& request, int index);

// The same for an input of datatype BYTES: its elements in row-major order, as
// many as the shape says. They may hold any bytes, valid UTF-8 or not. Each
// takes some 32 bytes of memory beyond its own: bound the shape beforehand.
absl::StatusOr<std::vector<std::string>> DecodeBytesInput(
    const inference::ModelInferRequest& request, int index);

// Appends an output to `response`; outputs keep the order of the calls. Raw,
// the tensor's bytes move and are not copied. Typed, 16-bit floats become FP32,
// because they have no typed form. The tensor must be as large as its shape
// says, of a dtype that the protocol has (CHECK), and all outputs of a response
// of one form.
void EncodeOutput(std::string name, HostTensor tensor, bool raw,
                  inference::ModelInferResponse* response);

}  // namespace transformerd
