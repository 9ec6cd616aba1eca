// The seam between serving and the model layer: a model that can run, and what
// makes one out of a folder.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "model/base/dtype.h"
#include "model/config/architecture.h"
#include "model/config/pooling.h"
#include "model/loading/load_control.h"
#include "model/loading/loading_strategy.h"
#include "model/loading/renaming.h"
#include "model/runtime/inference.h"
#include "model/runtime/planned_load.h"
#include "model/runtime/signature.h"
#include "model/text/tokenizer.h"

namespace transformerd {

// Which module of a checkpoint is loaded, and how; the defaults take everything
// from its folder.
struct ModuleOptions {
  // "BertModel"; empty: architectures[0] of config.json.
  std::string architecture;
  // Fewer layers than config.json says.
  std::optional<int64_t> num_hidden_layers;
  // A JSON object merged over config.json; empty: none.
  std::string config_override;
  bool strict = true;
  // Parts of the checkpoint that the model may be loaded from, tried in order;
  // empty: all of it, or what a bare module tries itself.
  std::vector<std::string> relevant_module;
  // Checkpoint names to the model's, over its own renamings.
  std::vector<Renaming> mapping;
  // Regular expressions, anchored at the start: checkpoint keys to leave out,
  // and names of the model that may be missing. Nothing: the model's own.
  std::optional<std::vector<std::string>> ignore, allow_missing;
  // A file in the folder; empty: the usual names.
  std::string weights_path;
};

// One of several modules that make up a model.
struct PartOptions : ModuleOptions {
  // A model of the repository, and one of its versions; nothing: the newest.
  std::string checkpoint;
  std::optional<int64_t> version;
  // Absolute folder of the two.
  std::string directory;
};

// What a load may ask for.
struct LoadOptions : ModuleOptions {
  // Not empty: instead of one module of the request's own folder, these, each
  // working on what the one before it gives.
  std::vector<PartOptions> parts;
  // Nothing: the checkpoint's.
  std::optional<DType> dtype;
  // False: parameters start from their initial values, and no file is opened.
  bool load_weights = true;
  // Nothing: what the sentence-transformers files say, else the mean.
  std::optional<PoolingKind> pooling;
  // Nothing: the daemon's.
  std::optional<LoadingStrategy> loading_strategy;
};

struct LoadRequest {
  // Absolute folder of config.json and weights; not looked at for parts.
  std::string directory;
  LoadOptions options;
  // Asked once, when the plan is made and before memory is taken or weights are
  // read; an error ends the load. Null admits everything.
  std::function<absl::Status(const MemoryNeed&)> admit;
};

// What a finished load did.
struct LoadReport {
  std::vector<PhaseTime> phases;   // in their order
  int64_t parameters = 0;          // distinct numbers in the model
  int64_t weight_bytes = 0;        // of one replica
  int64_t replicas = 0;            // copies of the weights in memory
  int64_t bytes_read = 0;          // payload bytes of the tensors needed
  int64_t bytes_broadcast = 0;     // received from the ranks that read
  int64_t peak_host_bytes = 0;     // weights and staging at their most
  int64_t peak_process_bytes = 0;  // of the whole process meanwhile
  std::map<std::string, int64_t> device_bytes;  // weights on each device
  std::vector<std::string> unused_keys;         // known and left unread, sorted
  std::vector<std::string> warnings;
};

// A model in memory. Unloading is destroying it: all memory goes back.
//
// Run may be called by several threads at once with different workers; a
// worker index is used by one thread at a time.
class LoadedModel {
 public:
  virtual ~LoadedModel() = default;

  virtual const Signature& signature() const = 0;
  virtual const Architecture& architecture() const = 0;
  virtual const LoadReport& report() const = 0;
  // Null where the model takes no text.
  virtual const Tokenizer* tokenizer() const = 0;
  // Facts for people (engine, dtype, ...), shown in ModelConfig.
  virtual std::map<std::string, std::string> properties() const = 0;

  // Runs the rows of all requests as one packed batch on worker `worker` and
  // returns one answer a request. An error concerns the whole batch and means
  // a fault of ours (INTERNAL) or of the machine (RESOURCE_EXHAUSTED): inputs
  // were validated against signature() before.
  virtual absl::StatusOr<std::vector<InferenceOutput>> Run(
      int worker, absl::Span<const InferenceInput* const> batch) = 0;
};

// Makes models for a fixed set of workers. Thread-safe: several loads may run
// at once.
class ModelLoader {
 public:
  virtual ~ModelLoader() = default;

  virtual int num_workers() const = 0;
  // Name of a worker's device, such as "cpu".
  virtual std::string device(int worker) const = 0;

  // Blocks until the model is in memory and has answered a warm-up request, or
  // `control` was cancelled. On error nothing is left behind.
  virtual absl::StatusOr<std::unique_ptr<LoadedModel>> Load(
      const LoadRequest& request, LoadControl& control) = 0;

  // What Load would do with the request, from the headers alone; blocks for as
  // long as these take to read. A checkpoint that does not fit its architecture
  // is no error here, all else that Load refuses before it reads weights is.
  virtual absl::StatusOr<PlannedLoad> Plan(const LoadRequest& request) = 0;
};

}  // namespace transformerd
