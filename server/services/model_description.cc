#include "server/services/model_description.h"

#include <algorithm>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "model/base/shape.h"
#include "model/runtime/signature.h"
#include "proto/datatype.h"

namespace transformerd {
namespace {

constexpr char kPlatform[] = "transformerd";

inference::DataType ConfigDataType(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return inference::TYPE_FP32;
    case DType::kF16:
      return inference::TYPE_FP16;
    case DType::kBF16:
      return inference::TYPE_BF16;
    case DType::kF64:
      return inference::TYPE_FP64;
    case DType::kI64:
      return inference::TYPE_INT64;
    case DType::kI32:
      return inference::TYPE_INT32;
    case DType::kBool:
      return inference::TYPE_BOOL;
    default:
      return inference::TYPE_INVALID;
  }
}

}  // namespace

inference::ModelMetadataResponse DescribeModel(
    const ModelHandle& handle, absl::Span<const int64_t> versions) {
  inference::ModelMetadataResponse metadata;
  metadata.set_name(handle.name());
  for (const int64_t version : versions) {
    metadata.add_versions(absl::StrCat(version));
  }
  metadata.set_platform(kPlatform);
  const Signature& signature = handle.model().signature();
  for (const InputSpec& input : signature.inputs) {
    auto* tensor = metadata.add_inputs();
    tensor->set_name(input.name);
    // Clients that send INT32 for INT64 are served too; the protocol has room
    // for one type.
    tensor->set_datatype(input.dtype().has_value()
                             ? std::string(DatatypeName(*input.dtype()))
                             : kBytesDatatype);
    const Shape shape = input.FullShape();
    tensor->mutable_shape()->Add(shape.begin(), shape.end());
  }
  for (const OutputSpec& output : signature.outputs) {
    auto* tensor = metadata.add_outputs();
    tensor->set_name(output.name);
    tensor->set_datatype(std::string(DatatypeName(output.dtype)));
    const Shape shape = output.FullShape();
    tensor->mutable_shape()->Add(shape.begin(), shape.end());
  }
  for (const auto& [name, value] : handle.model().properties()) {
    (*metadata.mutable_properties())[name] = value;
  }
  return metadata;
}

inference::ModelConfig DescribeServing(const ModelHandle& handle) {
  inference::ModelConfig config;
  config.set_name(handle.name());
  config.set_platform(kPlatform);
  config.set_backend(kPlatform);
  config.mutable_version_policy()->mutable_all();
  const ServingOptions& serving = handle.serving_options();
  const Signature& signature = handle.model().signature();
  // 0: dims are whole shapes.
  const int64_t max_batch_size =
      signature.takes_tensors ? 0 : serving.max_batch_requests;
  const int first_dim = signature.takes_tensors ? 0 : 1;
  config.set_max_batch_size(static_cast<int32_t>(
      std::min<int64_t>(max_batch_size, std::numeric_limits<int32_t>::max())));
  config.mutable_dynamic_batching()->set_max_queue_delay_microseconds(
      absl::ToInt64Microseconds(serving.max_queue_delay));
  for (const InputSpec& input : signature.inputs) {
    auto* tensor = config.add_input();
    tensor->set_name(input.name);
    tensor->set_data_type(input.dtype().has_value()
                              ? ConfigDataType(*input.dtype())
                              : inference::TYPE_STRING);
    const Shape shape = input.FullShape();
    tensor->mutable_dims()->Add(shape.begin() + first_dim, shape.end());
    tensor->set_optional(input.optional);
  }
  for (const OutputSpec& output : signature.outputs) {
    auto* tensor = config.add_output();
    tensor->set_name(output.name);
    tensor->set_data_type(ConfigDataType(output.dtype));
    const Shape shape = output.FullShape();
    tensor->mutable_dims()->Add(shape.begin() + first_dim, shape.end());
  }
  auto& parameters = *config.mutable_parameters();
  for (const auto& [name, value] : handle.model().properties()) {
    parameters[name].set_string_value(value);
  }
  parameters["max_sequence_length"].set_string_value(
      absl::StrCat(signature.max_sequence_length));
  if (signature.max_text_tokens > 0) {
    parameters["max_text_tokens"].set_string_value(
        absl::StrCat(signature.max_text_tokens));
  }
  parameters["max_batch_tokens"].set_string_value(
      absl::StrCat(serving.max_batch_tokens));
  return config;
}

}  // namespace transformerd
