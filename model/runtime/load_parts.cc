#include "model/runtime/load_parts.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "model/base/error_details.h"
#include "model/base/nearest_name.h"
#include "model/base/quoted.h"
#include "model/base/status_macros.h"
#include "model/checkpoint/checkpoint.h"
#include "model/families/families.h"
#include "model/loading/load_plan.h"
#include "model/modules/transformer.h"
#include "model/runtime/read_module.h"

namespace transformerd {
namespace {

// "parts.1", what messages call a part.
std::string NameOfPart(size_t part) { return absl::StrCat("parts.", part); }

// What would have no effect.
absl::Status RefuseOptionsBesideParts(const LoadOptions& options) {
  const std::pair<const char*, bool> given[] = {
      {"architecture", !options.architecture.empty()},
      {"num_hidden_layers", options.num_hidden_layers.has_value()},
      {"config", !options.config_override.empty()},
      {"strict", !options.strict},
      {"relevant_module", !options.relevant_module.empty()},
      {"mapping", !options.mapping.empty()},
      {"ignore", options.ignore.has_value()},
      {"allow_missing", options.allow_missing.has_value()},
      {"weights_path", !options.weights_path.empty()},
  };
  for (const auto& [name, is_given] : given) {
    if (!is_given) continue;
    return WithField(absl::InvalidArgumentError(absl::StrCat(
                         name,
                         " is given beside parts, expected inside of the "
                         "part that it is for")),
                     name);
  }
  if (!options.pooling.has_value()) return absl::OkStatus();
  return WithField(
      absl::InvalidArgumentError("pooling is given beside parts, which give no "
                                 "sentence_embedding"),
      "pooling");
}

// Families parse whatever class they have; parts are modules of the toolkit.
absl::Status CheckIsModule(const std::string& name) {
  std::vector<absl::string_view> known;
  for (const Family* module : BareModules()) {
    for (const ModelClass& model_class : module->classes) {
      if (model_class.name == name) return absl::OkStatus();
      known.push_back(model_class.name);
    }
  }
  const absl::string_view nearest = NearestName(name, known);
  return LoadError(
      Reason::kUnknownArchitecture,
      absl::StrCat("module ", Quoted(name), " is not known, ",
                   nearest.empty()
                       ? ""
                       : absl::StrCat("did you mean \"", nearest, "\"? "),
                   "expected one of ", absl::StrJoin(known, ", ")));
}

void AppendPrefixed(absl::string_view prefix,
                    const std::vector<std::string>& from,
                    std::vector<std::string>& to) {
  for (const std::string& name : from) to.push_back(absl::StrCat(prefix, name));
}

void AppendPrefixed(absl::string_view prefix, std::vector<Misfit> from,
                    std::vector<Misfit>& to) {
  for (Misfit& misfit : from) {
    misfit.key = absl::StrCat(prefix, misfit.key);
    to.push_back(std::move(misfit));
  }
}

void Append(const std::string& prefix, const MismatchReport& part,
            MismatchReport& whole) {
  AppendPrefixed(prefix, part.missing, whole.missing);
  AppendPrefixed(prefix, part.unexpected, whole.unexpected);
  AppendPrefixed(prefix, part.shapes, whole.shapes);
  AppendPrefixed(prefix, part.dtypes, whole.dtypes);
  AppendPrefixed(prefix, part.unclaimed_keys, whole.unclaimed_keys);
  AppendPrefixed(prefix, part.model_keys, whole.model_keys);
}

void Append(const std::string& prefix, int first_entry, const NameMap& part,
            NameMap& whole) {
  const int first_slot = static_cast<int>(whole.slots.size());
  for (SlotMapping mapping : part.slots) {
    mapping.key = absl::StrCat(prefix, mapping.key);
    if (mapping.source == SlotSource::kEntry) mapping.index += first_entry;
    if (mapping.source == SlotSource::kTied) mapping.index += first_slot;
    whole.slots.push_back(std::move(mapping));
  }
  AppendPrefixed(prefix, part.missing, whole.missing);
  AppendPrefixed(prefix, part.allowed_missing, whole.allowed_missing);
  AppendPrefixed(prefix, part.unexpected, whole.unexpected);
  AppendPrefixed(prefix, part.unused, whole.unused);
  AppendPrefixed(prefix, part.ignored, whole.ignored);
  AppendPrefixed(prefix, part.warnings, whole.warnings);
  whole.lacks_relevant_module |= part.lacks_relevant_module;
}

// The keys that a part takes.
void AddTaken(const NameMap& name_map, absl::flat_hash_set<std::string>& keys) {
  for (const SlotMapping& mapping : name_map.slots) {
    if (mapping.source == SlotSource::kEntry) keys.insert(mapping.key);
  }
}

}  // namespace

NameMapOptions NameMapFor(const ModuleOptions& asked,
                          const Architecture& architecture) {
  NameMapOptions options;
  options.is_own_checkpoint = architecture.is_own_checkpoint;
  options.ignore = asked.ignore;
  options.relevant_module = asked.relevant_module;
  options.mapping = asked.mapping;
  options.allow_missing = asked.allow_missing;
  return options;
}

absl::StatusOr<DescribedParts> ReadParts(const LoadOptions& options) {
  RETURN_IF_ERROR(RefuseOptionsBesideParts(options));
  DescribedParts described;
  Architecture& whole = described.architecture;
  std::vector<std::string> titles, modules;
  for (size_t i = 0; i < options.parts.size(); ++i) {
    const PartOptions& part = options.parts[i];
    titles.push_back(absl::StrCat(NameOfPart(i), " (", part.architecture,
                                  " of ", Quoted(part.checkpoint), ")"));
    absl::Status status = CheckIsModule(part.architecture);
    if (!status.ok()) return Annotate(status, NameOfPart(i));
    absl::StatusOr<DescribedModule> module = ReadModule(part.directory, part);
    if (!module.ok()) return Annotate(module.status(), titles.back());
    modules.push_back(part.architecture);
    described.families.push_back(module->parsed.family);
    described.configs.push_back(std::move(module->config));
    whole.parts.push_back(std::move(module->parsed.architecture));
  }
  ASSIGN_OR_RETURN(Pipeline pipeline, MakePipeline(whole.parts, titles));
  described.pipeline = std::make_shared<const Pipeline>(std::move(pipeline));
  whole.family = whole.parts.front().family;
  whole.class_name = absl::StrJoin(modules, "+");
  whole.is_bare = true;
  whole.max_sequence_length = described.pipeline->signature.max_sequence_length;
  whole.initializer_range = whole.parts.front().initializer_range;
  return described;
}

absl::StatusOr<OpenedParts> OpenParts(absl::Span<const PartOptions> parts) {
  OpenedParts opened;
  std::vector<NamedCheckpoint> checkpoints;
  std::map<std::string, int> index_of_name;
  for (size_t i = 0; i < parts.size(); ++i) {
    const PartOptions& part = parts[i];
    std::string name = part.checkpoint;
    if (part.version) absl::StrAppend(&name, "/", *part.version);
    if (!part.weights_path.empty()) {
      absl::StrAppend(&name, "/", part.weights_path);
    }
    const auto [found, is_new] =
        index_of_name.emplace(name, static_cast<int>(checkpoints.size()));
    opened.checkpoint_of_part.push_back(found->second);
    if (!is_new) continue;
    absl::StatusOr<std::unique_ptr<CheckpointReader>> reader =
        part.weights_path.empty()
            ? OpenCheckpoint(part.directory)
            : OpenCheckpointFile(part.directory, part.weights_path);
    if (!reader.ok()) {
      return Annotate(reader.status(),
                      absl::StrCat(NameOfPart(i), " of ", Quoted(name)));
    }
    checkpoints.push_back({std::move(name), *std::move(reader)});
  }
  opened.checkpoint =
      std::make_unique<JoinedCheckpoint>(std::move(checkpoints));
  return opened;
}

absl::StatusOr<MatchedParts> MatchParts(absl::Span<const PartOptions> options,
                                        const DescribedParts& parts,
                                        const OpenedParts& opened,
                                        DType dtype) {
  std::vector<std::unique_ptr<Transformer>> modules;
  std::vector<NameMap> name_maps;
  std::map<int, absl::flat_hash_set<std::string>> taken;  // of a checkpoint
  for (size_t i = 0; i < options.size(); ++i) {
    const Architecture& architecture = parts.architecture.parts[i];
    const int checkpoint = opened.checkpoint_of_part[i];
    modules.push_back(std::make_unique<Transformer>(architecture, dtype));
    absl::StatusOr<NameMap> name_map =
        NameMap::Create(*parts.families[i], modules.back()->slots(),
                        opened.checkpoint->checkpoint(checkpoint).entries(),
                        NameMapFor(options[i], architecture));
    if (!name_map.ok()) return Annotate(name_map.status(), NameOfPart(i));
    AddTaken(*name_map, taken[checkpoint]);
    name_maps.push_back(*std::move(name_map));
  }
  MatchedParts matched;
  matched.mismatch.architecture = parts.architecture.class_name;
  for (size_t i = 0; i < options.size(); ++i) {
    const int checkpoint = opened.checkpoint_of_part[i];
    std::vector<std::string>& unexpected = name_maps[i].unexpected;
    unexpected.erase(std::remove_if(unexpected.begin(), unexpected.end(),
                                    [&](const std::string& key) {
                                      return taken[checkpoint].contains(key);
                                    }),
                     unexpected.end());
    LoadPlanOptions plan;
    plan.architecture = parts.architecture.parts[i].class_name;
    plan.strict = options[i].strict;
    Append(PartPrefix(i),
           FindMismatches(modules[i]->slots(),
                          opened.checkpoint->checkpoint(checkpoint).entries(),
                          name_maps[i], plan),
           matched.mismatch);
    Append(PartPrefix(i), opened.checkpoint->first_entry(checkpoint),
           name_maps[i], matched.name_map);
  }
  return matched;
}

}  // namespace transformerd
