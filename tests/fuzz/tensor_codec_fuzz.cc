// Any bytes as an inference request: decoding must neither crash nor accept a
// tensor that contradicts its shape, and what it accepts must come back the
// same from an answer.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "glog/logging.h"
#include "model/base/shape.h"
#include "proto/datatype.h"
#include "proto/inference.pb.h"
#include "proto/status_codec.h"
#include "proto/tensor_codec.h"

namespace transformerd {
namespace {

using ::inference::ModelInferRequest;
using ::inference::ModelInferResponse;

void CheckError(const absl::Status& status) {
  CHECK(absl::IsInvalidArgument(status)) << status;
  const grpc::Status sent = ToGrpcStatus(status);
  CHECK_LE(sent.error_message().size() + sent.error_details().size(),
           kMaxStatusBytes);
}

// An answer with the tensor, as if it were a request.
ModelInferRequest EncodeAndEcho(const HostTensor& tensor, bool raw) {
  ModelInferResponse response;
  EncodeOutput("t", tensor, raw, &response);
  ModelInferRequest request;
  auto& input = *request.add_inputs();
  input.set_datatype(response.outputs(0).datatype());
  *input.mutable_shape() = response.outputs(0).shape();
  *input.mutable_contents() = response.outputs(0).contents();
  *request.mutable_raw_input_contents() = response.raw_output_contents();
  return request;
}

void CheckTensor(const HostTensor& tensor) {
  CHECK(SizeBytes(tensor.dtype, tensor.shape) ==
        static_cast<int64_t>(tensor.bytes.size()));
  for (bool raw : {true, false}) {
    const ModelInferRequest request = EncodeAndEcho(tensor, raw);
    const absl::StatusOr<HostTensor> back = DecodeInput(request, 0);
    CHECK(back.ok()) << back.status();
    CHECK(back->shape == tensor.shape);
    // 16-bit floats are typed as FP32.
    if (back->dtype == tensor.dtype) CHECK(back->bytes == tensor.bytes);
  }
}

void DecodeOne(const ModelInferRequest& request, int index) {
  if (request.inputs(index).datatype() == kBytesDatatype) {
    const auto strings = DecodeBytesInput(request, index);
    if (!strings.ok()) return CheckError(strings.status());
    const Shape shape = *DecodeShape(request.inputs(index));
    CHECK(NumElements(shape) == static_cast<int64_t>(strings->size()));
    return;
  }
  const absl::StatusOr<HostTensor> tensor = DecodeInput(request, index);
  if (!tensor.ok()) return CheckError(tensor.status());
  CheckTensor(*tensor);
}

}  // namespace
}  // namespace transformerd

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  inference::ModelInferRequest request;
  if (!request.ParseFromArray(data, static_cast<int>(size))) return 0;
  const absl::Status status = transformerd::CheckContents(request);
  if (!status.ok()) transformerd::CheckError(status);
  // Each takes time in proportion to its index; services decode few.
  const int count = std::min(request.inputs_size(), 32);
  for (int i = 0; i < count; ++i) transformerd::DecodeOne(request, i);
  return 0;
}
