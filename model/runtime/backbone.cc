#include "model/runtime/backbone.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "glog/logging.h"
#include "model/base/host_tensor.h"
#include "model/base/status_macros.h"
#include "model/runtime/packing.h"

namespace transformerd {
namespace {

constexpr char kIds[] = "token_ids";
constexpr char kMask[] = "mask";
constexpr char kTypes[] = "type_ids";

constexpr char kEncoded[] = "encoded_text";
constexpr char kEncodedMask[] = "encoded_text_mask";
constexpr char kPooled[] = "pooled";

// The output of a model that the backbone calls so; empty for the mask, which
// it gives back.
absl::string_view ModelName(absl::string_view output) {
  if (output == kEncoded) return "last_hidden_state";
  if (output == kPooled) return "pooler_output";
  return "";
}

InputSpec Ids(const char* name, bool optional, int64_t limit) {
  InputSpec spec;
  spec.name = name;
  spec.optional = optional;
  spec.kind = InputKind::kTensor;
  spec.tensor.values = TensorValues::kIds;
  spec.tensor.limit = limit;
  spec.tensor.shapes = {{kBatch, kTokens}};
  return spec;
}

OutputSpec Output(const char* name, Shape shape) {
  OutputSpec spec;
  spec.name = name;
  spec.kind = OutputKind::kTensor;
  spec.rows = OutputRows::kTensor;
  spec.row_shape = std::move(shape);
  spec.is_default = true;
  return spec;
}

// The tensors of one request by their names.
class Request {
 public:
  Request(const Signature& signature, const InferenceInput& input)
      : signature_(signature), input_(input) {}

  // Null where it is not given, or there is no such input.
  const HostTensor* Find(absl::string_view name) const {
    for (size_t i = 0; i < signature_.inputs.size(); ++i) {
      if (signature_.inputs[i].name == name && input_.tensors[i].has_value()) {
        return &*input_.tensors[i];
      }
    }
    return nullptr;
  }

 private:
  const Signature& signature_;
  const InferenceInput& input_;
};

class BackboneExecutor : public TensorExecutor {
 public:
  BackboneExecutor(const Architecture& architecture, const Signature& backbone,
                   Signature model, const MakeExecutor& make_executor)
      : architecture_(architecture),
        backbone_(backbone),
        model_(std::move(model)),
        executor_(make_executor(model_)) {}

  absl::StatusOr<InferenceOutput> Run(const InferenceInput& input) override {
    const Request request(backbone_, input);
    const InferenceInput rows = RowsOf(request, input);
    InferenceOutput computed;
    if (!rows.outputs.empty()) {
      const InferenceInput* batch[] = {&rows};
      const PackedBatch packed = Pack(batch, architecture_);
      ASSIGN_OR_RETURN(const PackedOutputs outputs, executor_->Run(packed));
      computed = Unpack(outputs, packed, batch, model_).front();
    }
    InferenceOutput answer;
    size_t next = 0;
    for (const int output : input.outputs) {
      const bool is_mask = ModelName(backbone_.outputs[output].name).empty();
      answer.push_back(is_mask ? *request.Find(kMask)
                               : std::move(computed[next++]));
    }
    return answer;
  }

 private:
  // Whole rows: nothing is dropped behind the last visible token.
  InferenceInput RowsOf(const Request& request,
                        const InferenceInput& input) const {
    InferenceInput rows;
    const HostTensor& ids = *request.Find(kIds);
    rows.batch = ids.shape[0];
    rows.width = ids.shape[1];
    rows.lengths.assign(rows.batch, rows.width);
    const auto id_values = ids.as<int64_t>();
    rows.input_ids.assign(id_values.begin(), id_values.end());
    const auto mask_values = request.Find(kMask)->as<float>();
    rows.attention_mask.assign(mask_values.begin(), mask_values.end());
    if (const HostTensor* types = request.Find(kTypes)) {
      const auto type_values = types->as<int64_t>();
      rows.token_type_ids.assign(type_values.begin(), type_values.end());
    }
    for (const int output : input.outputs) {
      const absl::string_view name = ModelName(backbone_.outputs[output].name);
      if (!name.empty()) rows.outputs.push_back(*model_.FindOutput(name));
    }
    return rows;
  }

  const Architecture& architecture_;
  const Signature& backbone_;
  const Signature model_;
  const std::unique_ptr<Executor> executor_;
};

}  // namespace

Signature MakeBackboneSignature(const Signature& model) {
  Signature backbone;
  backbone.max_sequence_length = model.max_sequence_length;
  backbone.takes_tensors = true;
  backbone.inputs.push_back(
      Ids(kIds, /*optional=*/false, model.FindInput("input_ids")->limit));
  InputSpec mask = Ids(kMask, /*optional=*/false, 2);
  mask.tensor.values = TensorValues::kMask;
  backbone.inputs.push_back(std::move(mask));
  if (const InputSpec* types = model.FindInput("token_type_ids")) {
    backbone.inputs.push_back(Ids(kTypes, /*optional=*/true, types->limit));
  }
  const std::optional<int> encoded = model.FindOutput(ModelName(kEncoded));
  CHECK(encoded.has_value()) << "backbones have no heads";
  backbone.outputs.push_back(Output(
      kEncoded, {kBatch, kTokens, model.outputs[*encoded].row_shape.front()}));
  backbone.outputs.push_back(Output(kEncodedMask, {kBatch, kTokens}));
  if (const auto pooled = model.FindOutput(ModelName(kPooled))) {
    backbone.outputs.push_back(
        Output(kPooled, {kBatch, model.outputs[*pooled].row_shape.front()}));
  }
  return backbone;
}

std::unique_ptr<TensorExecutor> MakeBackboneExecutor(
    const Architecture& architecture, const Signature& backbone,
    Signature model, const MakeExecutor& make_executor) {
  return std::make_unique<BackboneExecutor>(architecture, backbone,
                                            std::move(model), make_executor);
}

}  // namespace transformerd
