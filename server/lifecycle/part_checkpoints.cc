#include "server/lifecycle/part_checkpoints.h"

#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "model/base/error_details.h"
#include "model/base/nearest_name.h"
#include "model/base/status_macros.h"
#include "server/lifecycle/load_parameters.h"
#include "server/lifecycle/model_name.h"

namespace transformerd {
namespace {

absl::Status UnknownCheckpoint(const RepositoryFolder& folder,
                               absl::string_view name) {
  const std::vector<std::string> models = folder.Models();
  const std::vector<absl::string_view> names(models.begin(), models.end());
  const absl::string_view nearest = NearestName(name, names);
  return absl::NotFoundError(absl::StrCat(
      "checkpoint ", QuotedName(name), " is not in the repository",
      nearest.empty()
          ? ""
          : absl::StrCat(", did you mean ", QuotedName(nearest), "?")));
}

// The model's own options have no effect on a part, except that a model of
// parts has no weights of its own.
absl::Status CheckHasNoParts(const RepositoryFolder& folder,
                             const std::string& name) {
  ASSIGN_OR_RETURN(const std::string file, folder.ReadModelFile(name));
  if (file.empty()) return absl::OkStatus();
  ModelOptions options;
  const absl::Status status = ApplyModelFile(file, options);
  if (!status.ok()) return Annotate(status, QuotedName(name));
  if (options.load.parts.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("checkpoint ", QuotedName(name),
                   " is made of parts itself, expected one with weights"));
}

absl::Status FindCheckpoint(const RepositoryFolder& folder, PartOptions& part) {
  if (!folder.HasModel(part.checkpoint)) {
    return UnknownCheckpoint(folder, part.checkpoint);
  }
  RETURN_IF_ERROR(CheckHasNoParts(folder, part.checkpoint));
  ASSIGN_OR_RETURN(const auto versions, folder.Versions(part.checkpoint));
  const auto found =
      part.version ? versions.find(*part.version) : std::prev(versions.end());
  if (found == versions.end()) {
    return absl::NotFoundError(absl::StrCat("checkpoint ",
                                            QuotedName(part.checkpoint),
                                            " has no version ", *part.version));
  }
  part.directory = found->second;
  return absl::OkStatus();
}

}  // namespace

absl::Status FindCheckpoints(const RepositoryFolder& folder,
                             std::vector<PartOptions>& parts) {
  for (size_t i = 0; i < parts.size(); ++i) {
    const absl::Status status = FindCheckpoint(folder, parts[i]);
    if (status.ok()) continue;
    return WithField(
        LoadError(Reason::kConfigInvalid,
                  absl::StrCat("parts.", i, ": ", status.message())),
        "parts");
  }
  return absl::OkStatus();
}

}  // namespace transformerd
