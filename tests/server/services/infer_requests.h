// Inference requests as clients make them.
#pragma once

#include <string>
#include <vector>

#include "proto/inference.pb.h"

namespace transformerd {

using InferInput = inference::ModelInferRequest::InferInputTensor;

inline InferInput& AddInput(inference::ModelInferRequest& request,
                            const std::string& name,
                            const std::string& datatype,
                            const std::vector<int64_t>& shape) {
  InferInput& input = *request.add_inputs();
  input.set_name(name);
  input.set_datatype(datatype);
  input.mutable_shape()->Add(shape.begin(), shape.end());
  return input;
}

// An INT64 input with typed contents, as grpcurl sends it.
inline void AddTyped(inference::ModelInferRequest& request,
                     const std::string& name, const std::vector<int64_t>& shape,
                     const std::vector<int64_t>& values) {
  AddInput(request, name, "INT64", shape)
      .mutable_contents()
      ->mutable_int64_contents()
      ->Add(values.begin(), values.end());
}

// An input in raw_input_contents, as tritonclient sends it; T is int64_t or
// int32_t.
template <typename T>
void AddRaw(inference::ModelInferRequest& request, const std::string& name,
            const std::vector<int64_t>& shape, const std::vector<T>& values) {
  AddInput(request, name, sizeof(T) == 8 ? "INT64" : "INT32", shape);
  request.add_raw_input_contents(values.data(), values.size() * sizeof(T));
}

// A BYTES input with typed contents.
inline void AddTexts(inference::ModelInferRequest& request,
                     const std::string& name, const std::vector<int64_t>& shape,
                     const std::vector<std::string>& texts) {
  InferInput& input = AddInput(request, name, "BYTES", shape);
  for (const std::string& text : texts) {
    input.mutable_contents()->add_bytes_contents(text);
  }
}

}  // namespace transformerd
