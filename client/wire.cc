#include "client/wire.h"

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/wire_tensor.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"
#include "proto/datatype.h"

namespace transformerd {
namespace {

struct SetParameter {
  oip::InferParameter& wire;

  void operator()(bool value) const { wire.set_bool_param(value); }
  void operator()(int64_t value) const { wire.set_int64_param(value); }
  void operator()(double value) const { wire.set_double_param(value); }
  void operator()(const std::string& value) const {
    wire.set_string_param(value);
  }
};

Parameter FromWire(const oip::InferParameter& wire) {
  switch (wire.parameter_choice_case()) {
    case oip::InferParameter::kBoolParam:
      return wire.bool_param();
    case oip::InferParameter::kInt64Param:
      return wire.int64_param();
    case oip::InferParameter::kDoubleParam:
      return wire.double_param();
    case oip::InferParameter::kUint64Param:
      return static_cast<int64_t>(wire.uint64_param());
    default:
      return wire.string_param();
  }
}

TensorDescription Describe(
    const oip::ModelMetadataResponse::TensorMetadata& wire) {
  return {wire.name(), wire.datatype(),
          Shape(wire.shape().begin(), wire.shape().end())};
}

// "TYPE_INT64" is INT64 elsewhere in the protocol, "TYPE_STRING" is BYTES.
std::string DatatypeOf(oip::DataType type) {
  if (type == oip::TYPE_STRING) return kBytesDatatype;
  const std::string& name = oip::DataType_Name(type);
  return std::string(absl::StripPrefix(name, "TYPE_"));
}

TensorDescription Describe(const oip::ModelInput& wire) {
  return {wire.name(), DatatypeOf(wire.data_type()),
          Shape(wire.dims().begin(), wire.dims().end()), wire.optional()};
}

TensorDescription Describe(const oip::ModelOutput& wire) {
  return {wire.name(), DatatypeOf(wire.data_type()),
          Shape(wire.dims().begin(), wire.dims().end())};
}

}  // namespace

absl::StatusOr<oip::ModelInferRequest> ToWire(InferRequest request) {
  oip::ModelInferRequest wire;
  wire.set_model_name(std::move(request.model));
  wire.set_model_version(std::move(request.version));
  wire.set_id(std::move(request.id));
  for (const auto& [name, value] : request.parameters) {
    std::visit(SetParameter{(*wire.mutable_parameters())[name]}, value);
  }
  for (NamedTensor& input : request.inputs) {
    RETURN_IF_ERROR(AddInput(std::move(input), wire));
  }
  for (std::string& output : request.outputs) {
    wire.add_outputs()->set_name(std::move(output));
  }
  return wire;
}

absl::StatusOr<InferResult> FromWire(oip::ModelInferResponse response) {
  InferResult result;
  result.model = response.model_name();
  result.version = response.model_version();
  result.id = response.id();
  for (const auto& [name, value] : response.parameters()) {
    result.parameters[name] = FromWire(value);
  }
  ASSIGN_OR_RETURN(result.outputs, TakeOutputs(response));
  return result;
}

absl::StatusOr<oip::RepositoryModelLoadRequest> ToLoadRequest(
    absl::string_view model, const Parameters& parameters) {
  oip::RepositoryModelLoadRequest wire;
  wire.set_model_name(std::string(model));
  for (const auto& [name, value] : parameters) {
    auto& parameter = (*wire.mutable_parameters())[name];
    if (const auto* flag = std::get_if<bool>(&value)) {
      parameter.set_bool_param(*flag);
    } else if (const auto* integer = std::get_if<int64_t>(&value)) {
      parameter.set_int64_param(*integer);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      parameter.set_string_param(*text);
    } else {
      return WithField(absl::InvalidArgumentError(absl::StrCat(
                           "load parameter '", name,
                           "' is a floating-point number; the protocol takes "
                           "bool, integer and string")),
                       name);
    }
  }
  return wire;
}

ServerDescription FromWire(const oip::ServerMetadataResponse& response) {
  return {response.name(),
          response.version(),
          {response.extensions().begin(), response.extensions().end()}};
}

ModelDescription FromWire(const oip::ModelMetadataResponse& response) {
  ModelDescription model;
  model.name = response.name();
  model.versions.assign(response.versions().begin(), response.versions().end());
  model.platform = response.platform();
  for (const auto& input : response.inputs()) {
    model.inputs.push_back(Describe(input));
  }
  for (const auto& output : response.outputs()) {
    model.outputs.push_back(Describe(output));
  }
  return model;
}

ModelConfiguration FromWire(const oip::ModelConfigResponse& response) {
  const oip::ModelConfig& wire = response.config();
  ModelConfiguration config;
  config.name = wire.name();
  config.platform = wire.platform();
  config.backend = wire.backend();
  config.max_batch_size = wire.max_batch_size();
  for (const auto& input : wire.input()) {
    config.inputs.push_back(Describe(input));
  }
  for (const auto& output : wire.output()) {
    config.outputs.push_back(Describe(output));
  }
  for (const auto& [name, value] : wire.parameters()) {
    config.parameters[name] = value.string_value();
  }
  return config;
}

std::vector<ModelListing> FromWire(
    const oip::RepositoryIndexResponse& response) {
  std::vector<ModelListing> models;
  for (const auto& model : response.models()) {
    models.push_back(
        {model.name(), model.version(), model.state(), model.reason()});
  }
  return models;
}

}  // namespace transformerd
