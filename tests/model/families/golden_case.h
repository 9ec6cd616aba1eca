// Golden cases of tests/testdata/goldens: tiny checkpoints with inputs and what
// transformers answers.
#pragma once

#include <map>
#include <string>
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

// Runs one probe alone and compares every output that it holds. The error names
// the first output that is off.
absl::Status CheckProbe(const GoldenCase& golden, const GoldenProbe& probe,
                        int worker, LoadedModel& model);

// The probe's inputs as the server would pass them, for the given outputs.
InferenceInput MakeInput(const GoldenProbe& probe, std::vector<int> outputs);

}  // namespace transformerd
