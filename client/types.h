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

// Texts to embed. They are UTF-8 and may be empty.
struct EmbedRequest {
  std::string model;
  std::string version;  // empty: the newest
  std::vector<std::string> texts;
  // Cuts texts that are longer than the model takes, which are errors else.
  bool truncate = false;
};

struct TextEmbedding {
  std::vector<float> values;
  int64_t num_tokens = 0;  // that were computed, special ones included
};

struct EmbedResult {
  std::string model;
  std::string version;
  std::vector<TextEmbedding> embeddings;  // one for each text
};

struct TokenizeRequest {
  std::string model;
  std::string version;  // empty: the newest
  std::vector<std::string> texts;
  std::vector<std::string> text_pairs;  // none, or one for each text
};

// The part of a text that a token stands for, [begin, end) in Unicode code
// points; [0, 0) for tokens that the tokenizer adds.
struct TextOffset {
  int64_t begin = 0;
  int64_t end = 0;
};

// One text (or pair) as the tokens that the model sees, special ones included.
// All vectors have an element for each token.
struct TextEncoding {
  std::vector<int64_t> ids;
  std::vector<std::string> tokens;
  std::vector<int64_t> type_ids;  // 1 for the pair, where models tell it apart
  std::vector<TextOffset> offsets;
};

struct TokenizeResult {
  std::vector<TextEncoding> encodings;  // one for each text
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
