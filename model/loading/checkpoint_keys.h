// The keys of a checkpoint under the names that a model has for them.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "model/checkpoint/checkpoint_reader.h"
#include "model/loading/key_mapping.h"
#include "model/loading/module_tree.h"
#include "model/loading/named_entry.h"
#include "model/loading/renaming.h"

namespace transformerd {

struct CheckpointKeysOptions {
  std::vector<std::string> ignore;           // see SelectKeys
  std::vector<std::string> relevant_module;  // see CutToRelevantModule
  std::vector<Renaming> mapping;             // at the top, see KeyMapping
};

// What is left of a checkpoint's keys after ignoring some, cutting the rest to
// the relevant module and renaming it along the modules of the model.
//
// Immutable.
class CheckpointKeys {
 public:
  // INVALID_ARGUMENT with field "ignore" for a bad expression. `modules` must
  // outlive the object.
  static absl::StatusOr<CheckpointKeys> Create(
      absl::Span<const CheckpointEntry> entries, const ModuleNode& modules,
      const CheckpointKeysOptions& options);

  const std::vector<NamedEntry>& keys() const { return keys_; }
  const std::vector<std::string>& ignored() const { return ignored_; }
  // Of options.ignore: what matched no key.
  const std::vector<std::string>& unused_expressions() const {
    return unused_expressions_;
  }
  // Whether keys stood under one of options.relevant_module.
  bool has_relevant_module() const { return !prefix_.empty(); }

  // The name that this file would have for a parameter that it lacks.
  std::string NameInFile(absl::string_view parameter) const;

 private:
  CheckpointKeys(const ModuleNode& modules,
                 const CheckpointKeysOptions& options)
      : mapping_(modules, options.mapping) {}

  KeyMapping mapping_;
  std::vector<NamedEntry> keys_;
  std::string prefix_;  // of the relevant module
  std::vector<std::string> ignored_;
  std::vector<std::string> unused_expressions_;
};

}  // namespace transformerd
