// Golden cases of tests/testdata/goldens: tiny checkpoints with inputs and what
// transformers answers.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/base/host_tensor.h"
#include "model/runtime/loaded_model.h"

namespace transformerd {

struct GoldenProbe {
  std::string name;
  std::map<std::string, HostTensor> inputs, outputs;
};

struct GoldenCase {
  std::string name;
  std::string family;
  std::string class_name;
  std::string model_directory;
  // transformers leaves keys over or fills some in itself.
  bool needs_lenient_load = false;
  double atol = 0, rtol = 0;
  std::vector<GoldenProbe> probes;
};

// Reads all tensors of a safetensors file.
absl::StatusOr<std::map<std::string, HostTensor>> ReadTensors(
    const std::string& path);

// All forward cases of a model_type, by name.
absl::StatusOr<std::vector<GoldenCase>> ReadGoldenCases(
    const std::string& model_type);

// All cases of a type ("forward", "partial", ...), by name.
absl::StatusOr<std::vector<GoldenCase>> ReadGoldenCasesOfType(
    const std::string& type);

// A part of a checkpoint as a model, and what it must answer.
struct PartialLoad {
  std::string name;  // outputs of probes begin with it and a dot
  LoadOptions options;
  bool fits = true;                              // strictly
  std::vector<std::string> missing, unexpected;  // as AllenNLP names them
};

// All cases of type "partial", each with its loads.
absl::StatusOr<std::vector<std::pair<GoldenCase, std::vector<PartialLoad>>>>
ReadPartialCases();

// The probe with those of its outputs that a part gives, under their own names.
GoldenProbe ProbeOf(const GoldenProbe& probe, const std::string& part);

// Runs one probe alone and compares every output that it holds. The error names
// the first output that is off.
absl::Status CheckProbe(const GoldenCase& golden, const GoldenProbe& probe,
                        int worker, LoadedModel& model);

// The largest relative error of the probe's outputs: the Euclidean norm of what
// they are off, by the norm of what they should be and as many ones (an output
// of a few numbers may lie near zero).
absl::StatusOr<double> RelativeError(const GoldenProbe& probe, int worker,
                                     LoadedModel& model);

// The probe's inputs as the server would pass them, for the given outputs.
InferenceInput MakeInput(const GoldenProbe& probe, std::vector<int> outputs);

// The same for a module that takes whole tensors.
InferenceInput MakeTensorInput(const GoldenProbe& probe,
                               const Signature& signature,
                               std::vector<int> outputs);

}  // namespace transformerd
