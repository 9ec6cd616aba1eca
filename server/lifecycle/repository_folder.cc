#include "server/lifecycle/repository_folder.h"

#include <stdlib.h>
#include <string.h>

#include <cerrno>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "model/base/error_details.h"
#include "model/base/read_permission.h"
#include "model/base/regular_file.h"
#include "server/lifecycle/model_name.h"
#include "server/lifecycle/repository_errors.h"

namespace transformerd {
namespace {

constexpr char kModelFile[] = "transformerd.json";
constexpr int64_t kMaxModelFileBytes = int64_t{1} << 20;

// The root of an ext4 volume has one; nobody put a model there.
constexpr char kRecoveryFolder[] = "lost+found";

absl::Status ModelFileError(absl::string_view name, absl::string_view what) {
  return LoadError(Reason::kConfigInvalid,
                   absl::StrCat("'", name, "/", kModelFile, "': ", what));
}

}  // namespace

absl::StatusOr<RepositoryFolder> RepositoryFolder::Open(const std::string& root,
                                                        FolderReader& reader) {
  const std::unique_ptr<char, decltype(&free)> path(
      realpath(root.c_str(), nullptr), &free);
  if (path == nullptr || !reader.NamesIn(path.get()).has_value()) {
    const int error = errno;
    return absl::InvalidArgumentError(absl::StrCat(
        "--model_repository='", root, "' is not a folder that can be read: ",
        strerror(error), error == EACCES ? ReadPermissionHint(root) : ""));
  }
  return RepositoryFolder(path.get(), reader);
}

std::vector<std::string> RepositoryFolder::Models() const {
  std::vector<std::string> models;
  for (std::string& name :
       reader_->NamesIn(root_).value_or(std::vector<std::string>())) {
    // Hidden: caches, and what Kubernetes keeps behind a ConfigMap's links.
    if (absl::StartsWith(name, ".") || name == kRecoveryFolder) continue;
    if (!CheckModelName(name).ok() || !HasModel(name)) continue;
    models.push_back(std::move(name));
  }
  return models;
}

bool RepositoryFolder::HasModel(absl::string_view name) const {
  return reader_->IsFolder(absl::StrCat(root_, "/", name));
}

absl::StatusOr<std::map<int64_t, std::string>> RepositoryFolder::Versions(
    absl::string_view name) const {
  const std::string folder = absl::StrCat(root_, "/", name);
  const std::optional<std::vector<std::string>> names =
      reader_->NamesIn(folder);
  if (!names.has_value() && errno == EACCES) {
    return absl::FailedPreconditionError(
        absl::StrCat("the folder of model ", QuotedName(name),
                     " cannot be read", ReadPermissionHint(folder)));
  }
  if (!names.has_value()) return UnknownModel(name);
  std::map<int64_t, std::string> versions;
  for (const std::string& entry : *names) {
    const std::optional<int64_t> version = ParseVersion(entry);
    std::string path = absl::StrCat(folder, "/", entry);
    if (version.has_value() && reader_->IsFolder(path)) {
      versions.emplace(*version, std::move(path));
    }
  }
  if (versions.empty()) versions.emplace(1, folder);
  return versions;
}

absl::StatusOr<std::string> RepositoryFolder::ReadModelFile(
    absl::string_view name) const {
  const absl::StatusOr<std::string> text = ReadRegularFile(
      absl::StrCat(root_, "/", name, "/", kModelFile), kMaxModelFileBytes);
  if (absl::IsNotFound(text.status())) return std::string();
  if (!text.ok()) return ModelFileError(name, text.status().message());
  if (text->empty()) return ModelFileError(name, "the file is empty");
  return text;
}

}  // namespace transformerd
