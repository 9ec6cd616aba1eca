#include "tests/model/families/golden_case.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "model/base/status_macros.h"
#include "model/checkpoint/safetensors.h"
#include "nlohmann/json.hpp"

namespace transformerd {
namespace {

constexpr char kRoot[] = "tests/testdata/goldens";

absl::StatusOr<GoldenCase> ReadGoldenCase(const std::string& directory,
                                          const nlohmann::json& description) {
  GoldenCase golden;
  golden.name = description["name"];
  golden.family = description["family"];
  golden.class_name = description["class"];
  golden.model_directory = absl::StrCat(directory, "/model");
  if (description.contains("load")) {
    const nlohmann::json& load = description["load"];
    golden.needs_lenient_load =
        !load["missing_keys"].empty() || !load["unexpected_keys"].empty();
  }
  golden.atol = description["tolerance"]["atol"];
  golden.rtol = description["tolerance"]["rtol"];
  ASSIGN_OR_RETURN(auto tensors,
                   ReadTensors(absl::StrCat(directory, "/golden.safetensors")));
  std::map<std::string, GoldenProbe> probes;
  for (auto& [key, tensor] : tensors) {
    const std::vector<std::string> parts =
        absl::StrSplit(key, absl::MaxSplits('.', 2));
    GoldenProbe& probe = probes[parts[0]];
    probe.name = parts[0];
    auto& side = parts[1] == "in" ? probe.inputs : probe.outputs;
    side[parts[2]] = std::move(tensor);
  }
  for (auto& [name, probe] : probes) golden.probes.push_back(std::move(probe));
  return golden;
}

absl::StatusOr<std::vector<GoldenCase>> ReadCases(
    const std::function<bool(const nlohmann::json&)>& is_wanted) {
  std::vector<GoldenCase> cases;
  for (const auto& folder : std::filesystem::directory_iterator(kRoot)) {
    std::ifstream file(folder.path() / "case.json");
    const nlohmann::json description = nlohmann::json::parse(file);
    if (!is_wanted(description)) continue;
    ASSIGN_OR_RETURN(GoldenCase golden,
                     ReadGoldenCase(folder.path().string(), description));
    cases.push_back(std::move(golden));
  }
  std::sort(
      cases.begin(), cases.end(),
      [](const GoldenCase& a, const GoldenCase& b) { return a.name < b.name; });
  return cases;
}

PartialLoad ReadPartialLoad(const nlohmann::json& stack,
                            const std::string& class_name) {
  PartialLoad load;
  load.name = stack["name"];
  load.options.architecture = class_name;
  load.options.dtype = DType::kF32;
  load.options.strict = stack["strict"];
  load.options.num_hidden_layers = stack["num_hidden_layers"];
  load.options.relevant_module = {stack["relevant_module"]};
  for (const auto& [from, to] : stack["mapping"].items()) {
    load.options.mapping.push_back({from, to});
  }
  const nlohmann::json& expect = stack["expect"];
  load.fits = expect["loads_strict"];
  load.missing = expect["missing_keys"].get<std::vector<std::string>>();
  load.unexpected = expect["unexpected_keys"].get<std::vector<std::string>>();
  return load;
}

// The rows of a probe's inputs, or of those for a decoder.
struct ProbeRows {
  const GoldenProbe& probe;
  bool of_decoder;

  // Null where the probe has no such input.
  const HostTensor* Find(absl::string_view name) const {
    const auto found =
        probe.inputs.find(absl::StrCat(of_decoder ? "decoder_" : "", name));
    return found == probe.inputs.end() ? nullptr : &found->second;
  }
  bool IsVisible(int64_t row, int64_t token) const {
    const HostTensor* const mask_BT = Find("attention_mask");
    return mask_BT == nullptr ||
           mask_BT->as<int64_t>()[row * mask_BT->shape[1] + token] != 0;
  }
};

// Whether the element at `index` of an output belongs to visible tokens only:
// what stands under a zero mask is not compared.
bool IsCompared(const GoldenProbe& probe, const OutputSpec& spec,
                const Shape& shape, int64_t index) {
  // Modules that take whole tensors compute every position.
  if (spec.rows == OutputRows::kTensor) return true;
  const ProbeRows rows = {probe, spec.of_decoder};
  switch (spec.rows) {
    case OutputRows::kSequence:
    case OutputRows::kTensor:
      return true;
    case OutputRows::kToken: {
      const int64_t position = index / *NumElements(spec.row_shape);
      return rows.IsVisible(position / shape[1], position % shape[1]);
    }
    case OutputRows::kTokenPair: {
      const int64_t key = index % shape[3];
      const int64_t query = index / shape[3] % shape[2];
      const int64_t row = index / (shape[3] * shape[2]) / shape[1];
      const ProbeRows keys = {probe, spec.keys_of_decoder};
      return rows.IsVisible(row, query) && keys.IsVisible(row, key);
    }
  }
  return true;
}

absl::Status Compare(const GoldenCase& golden, const GoldenProbe& probe,
                     const OutputSpec& spec, const HostTensor& got,
                     const HostTensor& want) {
  if (got.shape != want.shape) {
    return absl::InternalError(absl::StrCat(spec.name, ": shape ",
                                            ToString(got.shape), ", expected ",
                                            ToString(want.shape)));
  }
  const auto got_values = got.as<float>();
  const auto want_values = want.as<float>();
  for (size_t i = 0; i < got_values.size(); ++i) {
    if (!IsCompared(probe, spec, got.shape, static_cast<int64_t>(i))) continue;
    const double allowed =
        golden.atol + golden.rtol * std::fabs(want_values[i]);
    if (!(std::fabs(got_values[i] - want_values[i]) <= allowed)) {
      return absl::InternalError(
          absl::StrCat(spec.name, "[", i, "]: ", got_values[i], ", expected ",
                       want_values[i], " within ", allowed));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::map<std::string, HostTensor>> ReadTensors(
    const std::string& path) {
  ASSIGN_OR_RETURN(const auto reader, OpenSafetensors(path));
  std::map<std::string, HostTensor> tensors;
  for (const CheckpointEntry& entry : reader->entries()) {
    HostTensor tensor(entry.dtype, entry.shape);
    const absl::Span<std::byte> bytes(
        reinterpret_cast<std::byte*>(tensor.bytes.data()), tensor.bytes.size());
    RETURN_IF_ERROR(reader->Read(entry.file, entry.offset_bytes, {bytes}));
    tensors.emplace(entry.key, std::move(tensor));
  }
  return tensors;
}

absl::StatusOr<std::vector<GoldenCase>> ReadGoldenCases(
    const std::string& model_type) {
  return ReadCases([&model_type](const nlohmann::json& description) {
    return description["type"] == "forward" &&
           description["family"] == model_type;
  });
}

absl::StatusOr<std::vector<GoldenCase>> ReadGoldenCasesOfType(
    const std::string& type) {
  return ReadCases([&type](const nlohmann::json& description) {
    return description["type"] == type;
  });
}

absl::StatusOr<std::vector<std::pair<GoldenCase, std::vector<PartialLoad>>>>
ReadPartialCases() {
  ASSIGN_OR_RETURN(std::vector<GoldenCase> goldens,
                   ReadGoldenCasesOfType("partial"));
  std::vector<std::pair<GoldenCase, std::vector<PartialLoad>>> cases;
  for (GoldenCase& golden : goldens) {
    std::ifstream file(absl::StrCat(kRoot, "/", golden.name, "/case.json"));
    const nlohmann::json description = nlohmann::json::parse(file);
    std::vector<PartialLoad> loads;
    for (const auto& stack : description["stacks"]) {
      loads.push_back(ReadPartialLoad(stack, golden.class_name));
    }
    cases.emplace_back(std::move(golden), std::move(loads));
  }
  return cases;
}

GoldenProbe ProbeOf(const GoldenProbe& probe, const std::string& part) {
  GoldenProbe cut;
  cut.name = probe.name;
  cut.inputs = probe.inputs;
  for (const auto& [name, tensor] : probe.outputs) {
    absl::string_view output = name;
    if (absl::ConsumePrefix(&output, absl::StrCat(part, "."))) {
      cut.outputs.emplace(output, tensor);
    }
  }
  return cut;
}

namespace {

void MakeRows(const ProbeRows& from, TokenRows& rows) {
  const HostTensor* const ids = from.Find("input_ids");
  if (ids == nullptr) return;
  rows.batch = ids->shape[0];
  rows.width = ids->shape[1];
  for (int64_t row = 0; row < rows.batch; ++row) {
    int64_t length = rows.width;
    while (!from.IsVisible(row, length - 1)) --length;
    rows.lengths.push_back(length);
  }
  const auto tokens_of = [&](absl::string_view name) {
    std::vector<int64_t> tokens;
    const HostTensor* const found = from.Find(name);
    if (found == nullptr) return tokens;
    const auto values_BT = found->as<int64_t>();
    for (int64_t row = 0; row < rows.batch; ++row) {
      const auto begin = values_BT.begin() + row * rows.width;
      tokens.insert(tokens.end(), begin, begin + rows.lengths[row]);
    }
    return tokens;
  };
  rows.input_ids = tokens_of("input_ids");
  rows.token_type_ids = tokens_of("token_type_ids");
  rows.position_ids = tokens_of("position_ids");
  const std::vector<int64_t> visible = tokens_of("attention_mask");
  rows.attention_mask.assign(visible.begin(), visible.end());
}

void MakeImages(const HostTensor& pixels, const Signature& signature,
                InferenceInput& input) {
  input.batch = pixels.shape[0];
  input.width = signature.max_sequence_length;
  input.lengths.assign(input.batch, input.width);
  const auto values = pixels.as<float>();
  input.pixel_values.assign(values.begin(), values.end());
}

}  // namespace

InferenceInput MakeInput(const GoldenProbe& probe, const Signature& signature,
                         std::vector<int> outputs) {
  InferenceInput input;
  const auto pixels = probe.inputs.find("pixel_values");
  if (pixels != probe.inputs.end()) {
    MakeImages(pixels->second, signature, input);
  } else {
    MakeRows({probe, /*of_decoder=*/false}, input);
    MakeRows({probe, /*of_decoder=*/true}, input.decoder);
  }
  if (signature.has_decoder() && input.decoder.batch == 0) {
    input.decoder = ShiftRight(input, *signature.decoder_start_token_id);
  }
  input.outputs = std::move(outputs);
  return input;
}

InferenceInput MakeTensorInput(const GoldenProbe& probe,
                               const Signature& signature,
                               std::vector<int> outputs) {
  InferenceInput input;
  input.batch = 1;
  input.width = 1;
  input.lengths = {1};
  input.extents.assign(kNumExtents, 1);
  input.outputs = std::move(outputs);
  for (const InputSpec& spec : signature.inputs) {
    std::optional<HostTensor>& tensor = input.tensors.emplace_back();
    const auto found = probe.inputs.find(spec.name);
    if (found == probe.inputs.end()) continue;
    tensor = found->second;
    if (tensor->dtype == spec.tensor.dtype()) continue;
    // Masks are integers in files.
    const auto values = found->second.as<int64_t>();
    tensor.emplace(DType::kF32, found->second.shape);
    std::copy(values.begin(), values.end(), tensor->as<float>().begin());
  }
  return input;
}

namespace {

// What the model answers to the probe alone, in the order of probe.outputs.
absl::StatusOr<InferenceOutput> Answer(const GoldenProbe& probe,
                                       const std::vector<int>& outputs,
                                       int worker, LoadedModel& model) {
  const Signature& signature = model.signature();
  const InferenceInput input = signature.takes_tensors
                                   ? MakeTensorInput(probe, signature, outputs)
                                   : MakeInput(probe, signature, outputs);
  const InferenceInput* batch[] = {&input};
  ASSIGN_OR_RETURN(std::vector<InferenceOutput> answers,
                   model.Run(worker, batch));
  return std::move(answers.front());
}

// Where the probe's outputs stand in the model's signature.
absl::StatusOr<std::vector<int>> OutputsOf(const GoldenProbe& probe,
                                           const LoadedModel& model) {
  std::vector<int> outputs;
  for (const auto& [name, want] : probe.outputs) {
    const std::optional<int> found = model.signature().FindOutput(name);
    if (!found) return absl::NotFoundError(absl::StrCat("no output ", name));
    outputs.push_back(*found);
  }
  return outputs;
}

}  // namespace

absl::Status CheckProbe(const GoldenCase& golden, const GoldenProbe& probe,
                        int worker, LoadedModel& model) {
  ASSIGN_OR_RETURN(const std::vector<int> outputs, OutputsOf(probe, model));
  ASSIGN_OR_RETURN(const InferenceOutput answer,
                   Answer(probe, outputs, worker, model));
  size_t i = 0;
  for (const auto& [name, want] : probe.outputs) {
    RETURN_IF_ERROR(Compare(
        golden, probe, model.signature().outputs[outputs[i]], answer[i], want));
    ++i;
  }
  return absl::OkStatus();
}

absl::StatusOr<double> RelativeError(const GoldenProbe& probe, int worker,
                                     LoadedModel& model) {
  ASSIGN_OR_RETURN(const std::vector<int> outputs, OutputsOf(probe, model));
  ASSIGN_OR_RETURN(const InferenceOutput answer,
                   Answer(probe, outputs, worker, model));
  double worst = 0;
  size_t output = 0;
  for (const auto& [name, want] : probe.outputs) {
    const OutputSpec& spec = model.signature().outputs[outputs[output]];
    const auto got_values = answer[output].as<float>();
    const auto want_values = want.as<float>();
    double off = 0, whole = 0, count = 0;
    for (size_t i = 0; i < want_values.size(); ++i) {
      if (!IsCompared(probe, spec, want.shape, static_cast<int64_t>(i))) {
        continue;
      }
      off += std::pow(got_values[i] - want_values[i], 2);
      whole += std::pow(want_values[i], 2);
      ++count;
    }
    worst =
        std::max(worst, std::sqrt(off) / (std::sqrt(whole) + std::sqrt(count)));
    ++output;
  }
  return worst;
}

}  // namespace transformerd
