#include "proto/tensor_codec.h"

#include <cstdint>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "glog/logging.h"
#include "model/base/error_details.h"
#include "model/base/printable.h"
#include "model/base/status_macros.h"
#include "proto/datatype.h"
#include "proto/raw_contents.h"
#include "proto/typed_contents.h"

namespace transformerd {
namespace {

using ::inference::InferTensorContents;
using ::inference::ModelInferRequest;
using InputTensor = ModelInferRequest::InferInputTensor;

constexpr char kSharedMemoryRegion[] = "shared_memory_region";

// Names are quoted up to this length: they come from the client.
constexpr size_t kMaxQuotedBytes = 100;

absl::Status InputError(const InputTensor& input, const absl::Status& problem) {
  const std::string name = Printable(input.name(), kMaxQuotedBytes);
  return WithField(Annotate(problem, absl::StrCat("input '", name, "'")),
                   input.name());
}

absl::Status InputError(const InputTensor& input, absl::string_view problem) {
  return InputError(input, absl::InvalidArgumentError(problem));
}

absl::Status MixedFormsError(const InputTensor& input) {
  return InputError(input,
                    "typed contents beside raw_input_contents, expected one "
                    "form in a request");
}

bool HasTypedContents(const InputTensor& input) {
  return input.has_contents() && HasElements(input.contents());
}

// Where the elements of an input lie: raw bytes, or typed contents.
struct Source {
  bool is_raw = false;
  absl::string_view raw;
  const InferTensorContents* contents = nullptr;
};

absl::StatusOr<Source> FindSource(const ModelInferRequest& request, int index) {
  const InputTensor& input = request.inputs(index);
  if (IsInSharedMemory(input)) {
    return InputError(input, "lies in shared memory, expected contents");
  }
  if (request.raw_input_contents_size() == 0) {
    return Source{false, "", &input.contents()};
  }
  if (HasTypedContents(input)) {
    return MixedFormsError(input);
  }
  int entry = 0;
  for (int i = 0; i < index; ++i) {
    if (!IsInSharedMemory(request.inputs(i))) ++entry;
  }
  if (entry >= request.raw_input_contents_size()) {
    return InputError(
        input, absl::StrCat("no entry in raw_input_contents, ", "which has ",
                            request.raw_input_contents_size()));
  }
  return Source{true, request.raw_input_contents(entry), nullptr};
}

absl::StatusOr<DType> DecodeDType(const InputTensor& input) {
  const std::optional<DType> dtype = DTypeFromDatatype(input.datatype());
  if (dtype.has_value()) return *dtype;
  return InputError(
      input,
      absl::StrCat("datatype '", Printable(input.datatype(), kMaxQuotedBytes),
                   "', expected BOOL, UINT8 to UINT64, INT8 to INT64, "
                   "FP16, BF16, FP32 or FP64"));
}

}  // namespace

bool UsesRawContents(const ModelInferRequest& request) {
  for (const InputTensor& input : request.inputs()) {
    if (HasTypedContents(input)) return false;
  }
  return true;
}

bool IsInSharedMemory(const InputTensor& input) {
  return input.parameters().contains(kSharedMemoryRegion);
}

absl::Status CheckContents(const ModelInferRequest& request) {
  const int num_raw = request.raw_input_contents_size();
  int num_expected = 0;
  for (const InputTensor& input : request.inputs()) {
    const bool is_typed = HasTypedContents(input);
    if (IsInSharedMemory(input)) {
      if (is_typed) {
        return InputError(input, "both in shared memory and in contents");
      }
      continue;
    }
    if (is_typed && num_raw > 0) {
      return MixedFormsError(input);
    }
    ++num_expected;
  }
  if (num_raw == 0 || num_raw == num_expected) return absl::OkStatus();
  return WithField(
      absl::InvalidArgumentError(absl::StrCat(
          "raw_input_contents has ", num_raw, " entries, expected ",
          num_expected, ", one for each input outside of shared memory")),
      "raw_input_contents");
}

absl::StatusOr<Shape> DecodeShape(const InputTensor& input) {
  if (input.shape_size() > kMaxRank) {
    return InputError(input,
                      absl::StrCat(input.shape_size(),
                                   " dimensions, expected at most ", kMaxRank));
  }
  Shape shape(input.shape().begin(), input.shape().end());
  for (int64_t extent : shape) {
    if (extent < 0) {
      return InputError(input, absl::StrCat("shape ", ToString(shape),
                                            ", expected extents of 0 or more"));
    }
  }
  if (!NumElements(shape).has_value()) {
    return InputError(
        input, absl::StrCat("shape ", ToString(shape),
                            ", expected a number of elements that fits int64"));
  }
  return shape;
}

absl::StatusOr<HostTensor> DecodeInput(const ModelInferRequest& request,
                                       int index) {
  const InputTensor& input = request.inputs(index);
  ASSIGN_OR_RETURN(const DType dtype, DecodeDType(input));
  ASSIGN_OR_RETURN(Shape shape, DecodeShape(input));
  ASSIGN_OR_RETURN(const Source source, FindSource(request, index));
  absl::StatusOr<HostTensor> tensor =
      source.is_raw
          ? TensorFromRaw(source.raw, dtype, std::move(shape))
          : TensorFromContents(*source.contents, dtype, std::move(shape));
  if (!tensor.ok()) return InputError(input, tensor.status());
  return tensor;
}

absl::StatusOr<std::vector<std::string>> DecodeBytesInput(
    const ModelInferRequest& request, int index) {
  const InputTensor& input = request.inputs(index);
  if (input.datatype() != kBytesDatatype) {
    return InputError(
        input,
        absl::StrCat("datatype '", Printable(input.datatype(), kMaxQuotedBytes),
                     "', expected ", kBytesDatatype));
  }
  ASSIGN_OR_RETURN(const Shape shape, DecodeShape(input));
  ASSIGN_OR_RETURN(const Source source, FindSource(request, index));
  const int64_t count = *NumElements(shape);
  absl::StatusOr<std::vector<std::string>> strings =
      source.is_raw ? StringsFromRaw(source.raw, count)
                    : StringsFromContents(*source.contents, count);
  if (!strings.ok()) return InputError(input, strings.status());
  return strings;
}

void EncodeOutput(std::string name, HostTensor tensor, bool raw,
                  inference::ModelInferResponse* response) {
  const std::optional<int64_t> size = SizeBytes(tensor.dtype, tensor.shape);
  CHECK(size == static_cast<int64_t>(tensor.bytes.size()))
      << name << ": " << tensor.bytes.size() << " bytes for shape "
      << ToString(tensor.shape);
  CHECK(!DatatypeName(tensor.dtype).empty())
      << name << ": no datatype for " << NameOf(tensor.dtype);
  auto& output = *response->add_outputs();
  output.set_name(std::move(name));
  output.mutable_shape()->Assign(tensor.shape.begin(), tensor.shape.end());
  DType sent = tensor.dtype;
  if (raw) {
    response->add_raw_output_contents(std::move(tensor.bytes));
  } else {
    sent = TensorToContents(tensor, output.mutable_contents());
  }
  output.set_datatype(std::string(DatatypeName(sent)));
}

}  // namespace transformerd
