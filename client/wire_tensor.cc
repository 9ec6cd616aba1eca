#include "client/wire_tensor.h"

#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"
#include "proto/datatype.h"
#include "proto/raw_contents.h"

namespace transformerd {
namespace {

using OutputTensor = oip::ModelInferResponse::InferOutputTensor;

// A string on the wire is its length in 4 little-endian bytes, which is the
// order of the machines we run on, and itself.
constexpr size_t kLengthBytes = sizeof(uint32_t);

absl::Status InputError(absl::string_view name, absl::string_view problem) {
  return WithField(
      absl::InvalidArgumentError(absl::StrCat("input '", name, "': ", problem)),
      name);
}

absl::Status OutputError(absl::string_view name, absl::string_view problem) {
  return absl::InternalError(
      absl::StrCat("the server's output '", name, "': ", problem));
}

std::string SizeProblem(int64_t given, absl::string_view unit,
                        const Shape& shape) {
  return absl::StrCat(given, " ", unit, " do not fit shape ", ToString(shape));
}

absl::StatusOr<std::string> EncodeStrings(absl::string_view name,
                                          const StringTensor& tensor) {
  const int64_t count = static_cast<int64_t>(tensor.values.size());
  if (NumElements(tensor.shape) != count) {
    return InputError(name, SizeProblem(count, "strings", tensor.shape));
  }
  std::string raw;
  for (const std::string& value : tensor.values) {
    if (value.size() > std::numeric_limits<uint32_t>::max()) {
      return InputError(name, "a string of 4 GiB or more");
    }
    const uint32_t length = static_cast<uint32_t>(value.size());
    raw.append(reinterpret_cast<const char*>(&length), kLengthBytes);
    raw.append(value);
  }
  return raw;
}

template <typename T, typename Values>
std::string Pack(const Values& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  char* next = bytes.data();
  for (const auto& value : values) {
    const T element = static_cast<T>(value);
    std::memcpy(next, &element, sizeof(T));
    next += sizeof(T);
  }
  return bytes;
}

// The typed contents as raw bytes; 16-bit floats have no typed form.
std::string PackContents(const oip::InferTensorContents& contents,
                         DType dtype) {
  switch (dtype) {
    case DType::kBool:
      return Pack<uint8_t>(contents.bool_contents());
    case DType::kU8:
      return Pack<uint8_t>(contents.uint_contents());
    case DType::kU16:
      return Pack<uint16_t>(contents.uint_contents());
    case DType::kU32:
      return Pack<uint32_t>(contents.uint_contents());
    case DType::kU64:
      return Pack<uint64_t>(contents.uint64_contents());
    case DType::kI8:
      return Pack<int8_t>(contents.int_contents());
    case DType::kI16:
      return Pack<int16_t>(contents.int_contents());
    case DType::kI32:
      return Pack<int32_t>(contents.int_contents());
    case DType::kI64:
      return Pack<int64_t>(contents.int64_contents());
    case DType::kF32:
      return Pack<float>(contents.fp32_contents());
    case DType::kF64:
      return Pack<double>(contents.fp64_contents());
    default:
      return "";
  }
}

absl::StatusOr<Tensor> TakeStrings(OutputTensor& output,
                                   const std::string* raw) {
  StringTensor tensor;
  tensor.shape.assign(output.shape().begin(), output.shape().end());
  const std::optional<int64_t> count = NumElements(tensor.shape);
  if (!count.has_value()) {
    return OutputError(output.name(), "shape " + ToString(tensor.shape));
  }
  if (raw == nullptr) {
    auto& values = *output.mutable_contents()->mutable_bytes_contents();
    tensor.values.assign(values.begin(), values.end());
  } else {
    absl::StatusOr<std::vector<std::string>> values =
        StringsFromRaw(*raw, *count);
    if (!values.ok()) {
      return OutputError(output.name(), values.status().message());
    }
    tensor.values = *std::move(values);
  }
  const int64_t given = static_cast<int64_t>(tensor.values.size());
  if (given != *count) {
    return OutputError(output.name(),
                       SizeProblem(given, "strings", tensor.shape));
  }
  return tensor;
}

// `raw` is null where the answer is typed.
absl::StatusOr<Tensor> TakeTensor(OutputTensor& output, std::string* raw) {
  if (output.datatype() == kBytesDatatype) return TakeStrings(output, raw);
  const std::optional<DType> dtype = DTypeFromDatatype(output.datatype());
  if (!dtype.has_value()) {
    return absl::UnimplementedError(
        absl::StrCat("the server's output '", output.name(),
                     "' has the unknown datatype '", output.datatype(), "'"));
  }
  HostTensor tensor;
  tensor.dtype = *dtype;
  tensor.shape.assign(output.shape().begin(), output.shape().end());
  tensor.bytes = raw != nullptr ? std::move(*raw)
                                : PackContents(output.contents(), *dtype);
  const int64_t size = static_cast<int64_t>(tensor.bytes.size());
  if (SizeBytes(tensor.dtype, tensor.shape) != size) {
    return OutputError(
        output.name(),
        SizeProblem(size, absl::StrCat("bytes of ", output.datatype()),
                    tensor.shape));
  }
  return tensor;
}

}  // namespace

absl::Status AddInput(NamedTensor input, oip::ModelInferRequest& request) {
  absl::string_view datatype = kBytesDatatype;
  Shape shape;
  std::string raw;
  if (const auto* strings = std::get_if<StringTensor>(&input.tensor)) {
    shape = strings->shape;
    ASSIGN_OR_RETURN(raw, EncodeStrings(input.name, *strings));
  } else {
    HostTensor& tensor = std::get<HostTensor>(input.tensor);
    datatype = DatatypeName(tensor.dtype);
    if (datatype.empty()) {
      return InputError(input.name,
                        absl::StrCat("the protocol has no datatype for ",
                                     NameOf(tensor.dtype)));
    }
    const int64_t size = static_cast<int64_t>(tensor.bytes.size());
    if (SizeBytes(tensor.dtype, tensor.shape) != size) {
      return InputError(
          input.name,
          SizeProblem(size, absl::StrCat("bytes of ", datatype), tensor.shape));
    }
    shape = tensor.shape;
    raw = std::move(tensor.bytes);
  }
  auto& added = *request.add_inputs();
  added.set_name(std::move(input.name));
  added.set_datatype(std::string(datatype));
  added.mutable_shape()->Assign(shape.begin(), shape.end());
  request.add_raw_input_contents(std::move(raw));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<NamedTensor>> TakeOutputs(
    oip::ModelInferResponse& response) {
  const int num_raw = response.raw_output_contents_size();
  const bool is_raw = num_raw > 0;
  if (is_raw && num_raw != response.outputs_size()) {
    return absl::InternalError(
        absl::StrCat("the server sent ", num_raw, " raw contents for ",
                     response.outputs_size(), " outputs"));
  }
  std::vector<NamedTensor> outputs;
  for (int i = 0; i < response.outputs_size(); ++i) {
    OutputTensor& output = *response.mutable_outputs(i);
    ASSIGN_OR_RETURN(
        Tensor tensor,
        TakeTensor(output,
                   is_raw ? response.mutable_raw_output_contents(i) : nullptr));
    outputs.push_back({output.name(), std::move(tensor)});
  }
  return outputs;
}

}  // namespace transformerd
