#include "model/loading/checkpoint_keys.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "model/base/status_macros.h"
#include "model/loading/relevant_module.h"
#include "model/loading/select_keys.h"

namespace transformerd {

absl::StatusOr<CheckpointKeys> CheckpointKeys::Create(
    absl::Span<const CheckpointEntry> entries, const ModuleNode& modules,
    const CheckpointKeysOptions& options) {
  SelectKeysOptions select;
  select.ignore = options.ignore;
  select.strict = false;
  ASSIGN_OR_RETURN(SelectedKeys selected, SelectKeys(entries, select));
  RelevantKeys relevant =
      CutToRelevantModule(std::move(selected.keys), options.relevant_module);
  CheckpointKeys keys(modules, options);
  keys.ignored_ = std::move(selected.ignored);
  keys.unused_expressions_ = std::move(selected.unused_expressions);
  keys.prefix_ = std::move(relevant.prefix);
  keys.keys_ = std::move(relevant.keys);
  keys.mapping_.Apply(keys.keys_);
  return keys;
}

std::string CheckpointKeys::NameInFile(absl::string_view parameter) const {
  return absl::StrCat(prefix_, mapping_.NameInFile(parameter));
}

}  // namespace transformerd
