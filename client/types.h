// What goes into and comes out of Client: plain structs, no protobuf types.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "model/base/host_tensor.h"
#include "model/base/shape.h"

namespace transformerd {

// A value of a parameter of a request, a load or an answer.
using Parameter = std::variant<bool, int64_t, double, std::string>;
using Parameters = std::map<std::string, Parameter>;

// Strings in row-major order: what the protocol calls BYTES.
struct StringTensor {
  Shape shape = {0};
  std::vector<std::string> values;
};

using Tensor = std::variant<HostTensor, StringTensor>;

struct NamedTensor {
  std::string name;
  Tensor tensor;
};

// One call of a model.
struct InferRequest {
  std::string model;
  std::string version;  // empty: the newest
  std::string id;       // comes back in the answer
  Parameters parameters;
  std::vector<NamedTensor> inputs;
  std::vector<std::string> outputs;  // empty: the model's default ones
};

struct InferResult {
  std::string model;
  std::string version;
  std::string id;
  Parameters parameters;
  std::vector<NamedTensor> outputs;

  // The output of that name; null where there is none.
  const Tensor* Find(const std::string& name) const;
};

struct ServerDescription {
  std::string name;
  std::string version;
  std::vector<std::string> extensions;
};

struct TensorDescription {
  std::string name;
  std::string datatype;   // the protocol's name: "INT64", "FP32", "BYTES", ...
  Shape shape;            // -1 for any extent
  bool optional = false;  // only a model's configuration says so
};

// What a model takes and gives. Shapes include the batch.
struct ModelDescription {
  std::string name;
  std::vector<std::string> versions;
  std::string platform;
  std::vector<TensorDescription> inputs;
  std::vector<TensorDescription> outputs;
};

// How a model is served. Shapes leave the batch out.
struct ModelConfiguration {
  std::string name;
  std::string platform;
  std::string backend;
  int64_t max_batch_size = 0;
  std::vector<TensorDescription> inputs;
  std::vector<TensorDescription> outputs;
  std::map<std::string, std::string> parameters;
};

// One version of one model in the server's repository.
struct ModelListing {
  std::string name;
  std::string version;
  std::string state;   // "READY", "LOADING", "UNLOADING", "UNAVAILABLE"
  std::string reason;  // why it is in this state, where the server says it
};

}  // namespace transformerd
