// A model family as data: how to read its config.json and what its checkpoints
// call each parameter.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "model/config/architecture.h"
#include "model/config/config_reader.h"

namespace transformerd {

// What a rule's names are.
enum class RuleKind {
  kModule,     // a module's; the leaf ("weight" or "bias") is the same for both
  kParameter,  // one parameter's, whole
};

// A module's name in checkpoints and in this project. "{}" stands for a layer
// number. Several rules may name the same module: the first whose key is in the
// file is used.
struct ParameterRule {
  absl::string_view checkpoint;
  absl::string_view module;
  RuleKind kind = RuleKind::kModule;
  // The rule counts only for models that have this module as well; empty: for
  // all.
  absl::string_view beside = "";
};

// A class that the family can be served as.
struct ModelClass {
  absl::string_view name;  // "BertForMaskedLM"
  HeadKind head;
  bool pooler;
  // A decoder behind the encoder, of families that can have one.
  bool decoder = false;
};

// One renaming of a bare module's tree: at the module at this path ("" is the
// top, "{}" any number) `from` becomes `to` (see key_mapping.h).
struct ModuleRenaming {
  absl::string_view module;
  absl::string_view from;
  absl::string_view to;
};

// The renamings of a module that larger ones have as a part: paths in them
// begin at the module at this path ("layers.{}").
struct PartRenamings {
  absl::string_view module;
  absl::Span<const ModuleRenaming> renamings;
};

// How AllenNLP finds the keys of a module that is served by itself. Callers may
// override all of it.
struct BareModule {
  // Where in a checkpoint the module lies, tried in order.
  absl::Span<const absl::string_view> relevant_modules;
  absl::Span<const ModuleRenaming> renamings;
  // Regular expressions, anchored at the start: keys that are left out, names
  // of the module that may be missing.
  absl::Span<const absl::string_view> ignore;
  absl::Span<const absl::string_view> allow_missing;
  // Beside `renamings`.
  absl::Span<const PartRenamings> parts;
};

// Constants only; see bert.cc for an example.
struct Family {
  // The values of config.json's model_type that belong to it.
  absl::Span<const absl::string_view> model_types;
  absl::Span<const ModelClass> classes;
  // The prefix that checkpoints of classes with a head put before the keys of
  // the base model, such as "bert."; checkpoints of the base model have none.
  absl::string_view base_prefix;
  // Keys of the base model, without the prefix.
  absl::Span<const ParameterRule> base_parameters;
  // Keys of all heads, whole.
  absl::Span<const ParameterRule> head_parameters;
  // Keys that are no parameters and are left unread, without the prefix.
  absl::Span<const absl::string_view> buffers;
  // Fills everything but class_name, head and pooler. Errors are of reason
  // CONFIG_INVALID and name key, value and what was expected.
  absl::StatusOr<Architecture> (*parse)(const ConfigReader& config,
                                        const ModelClass& model_class);
  // Set for a bare module: the checkpoint's names in its rules are then those
  // that AllenNLP gives to the parameters, and every key must fit. Without
  // rules the slots have these names themselves.
  const BareModule* bare = nullptr;
  // What some of the classes put in the place of base_prefix, such as
  // "transformer." of LlamaForQuestionAnswering.
  absl::Span<const absl::string_view> other_prefixes = {};
  // Modules that checkpoints of the family may hold next to the model, whole:
  // whatever stands under them is left unread.
  absl::Span<const absl::string_view> other_modules = {};
};

// `family` with one of the members that most families have not.
constexpr Family WithOtherPrefixes(
    Family family, absl::Span<const absl::string_view> other_prefixes) {
  family.other_prefixes = other_prefixes;
  return family;
}

constexpr Family WithOtherModules(
    Family family, absl::Span<const absl::string_view> other_modules) {
  family.other_modules = other_modules;
  return family;
}

}  // namespace transformerd
