#include "client/commands/infer.h"

#include <cstdint>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/commands/flag_values.h"
#include "client/commands/infer_output.h"
#include "client/commands/load.h"
#include "client/commands/parse_tensor.h"
#include "client/commands/text_hint.h"
#include "model/base/nearest_name.h"
#include "model/base/status_macros.h"

namespace transformerd {
namespace {

constexpr int64_t kDefaultValues = 8;

constexpr FlagSpec kFlags[] = {
    {"input", "NAME=VALUES",
     "101,7592,102 with ';' between rows, or one text; repeated, it "
     "adds rows"},
    {"output", "NAME", "an output to ask for; may be repeated"},
    {"param", "KEY=VALUE",
     "a parameter of the request, such as truncate=true; may be repeated"},
    {"values", "N", "values to print of each row, 0 for all (8)"},
    {"version", "N", "the version of the model (the newest)"},
};

using InputTexts =
    std::vector<std::pair<std::string, std::vector<std::string>>>;

// In the order of their first mention.
absl::StatusOr<InputTexts> ReadInputs(const CommandLine& line) {
  InputTexts inputs;
  for (const std::string& text : line.Values("input")) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return UsageError(
          absl::StrCat("--input: '", text, "' is not NAME=VALUES"));
    }
    const std::string name = text.substr(0, equals);
    size_t i = 0;
    while (i < inputs.size() && inputs[i].first != name) ++i;
    if (i == inputs.size()) inputs.push_back({name, {}});
    inputs[i].second.push_back(text.substr(equals + 1));
  }
  if (inputs.empty()) {
    return UsageError(
        "'infer' needs an input, such as --input input_ids=101,7592,102");
  }
  return inputs;
}

absl::StatusOr<const TensorDescription*> FindInput(
    const ModelDescription& model, const std::string& name) {
  std::vector<absl::string_view> names;
  for (const TensorDescription& input : model.inputs) {
    if (input.name == name) return &input;
    names.push_back(input.name);
  }
  const absl::string_view nearest = NearestName(name, names);
  return UsageError(absl::StrCat(
      "model '", model.name, "' has no input '", name, "'",
      nearest.empty() ? "" : absl::StrCat("; did you mean ", nearest, "?"),
      " (inputs: ", absl::StrJoin(names, ", "), ")"));
}

absl::Status RunInfer(CommandContext& context) {
  const CommandLine& line = context.line;
  ASSIGN_OR_RETURN(const InputTexts texts, ReadInputs(line));
  ASSIGN_OR_RETURN(const int64_t num_values,
                   ReadNumValues(line, kDefaultValues));
  InferRequest request;
  request.model = line.arguments[0];
  request.version = ReadVersion(line);
  ASSIGN_OR_RETURN(request.parameters, ParseParameters(line.Values("param")));
  request.outputs = line.Values("output");
  // The model knows of which type its inputs are.
  ASSIGN_OR_RETURN(
      const ModelDescription model,
      context.client.ModelMetadata(request.model, request.version));
  bool may_truncate = false;
  for (const auto& [name, values] : texts) {
    ASSIGN_OR_RETURN(const TensorDescription* description,
                     FindInput(model, name));
    ASSIGN_OR_RETURN(Tensor tensor, ParseTensor(*description, values));
    may_truncate |= std::holds_alternative<StringTensor>(tensor) &&
                    request.parameters.count("truncate") == 0;
    request.inputs.push_back({name, std::move(tensor)});
  }
  const absl::StatusOr<InferResult> result =
      context.client.Infer(std::move(request));
  if (!result.ok()) {
    return may_truncate
               ? WithTruncateHint(result.status(), "--param truncate=true")
               : result.status();
  }
  context.out << (line.json ? InferResultAsJson(*result)
                            : InferResultAsText(*result, num_values));
  return absl::OkStatus();
}

}  // namespace

const Command kInferCommand = {
    "infer", "NAME",  1, "send tensors to a model and print its answer",
    kFlags,  RunInfer};

}  // namespace transformerd
