#include "server/lifecycle/model_repository.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/notification.h"
#include "glog/logging.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"
#include "server/lifecycle/model_name.h"
#include "server/lifecycle/repository_errors.h"

namespace transformerd {
namespace {

// The answer to a request for a version whose load failed: the load's short
// message and details under a code that says what the caller can do.
absl::Status LoadFailed(absl::string_view name, const absl::Status& failure) {
  absl::Status status = absl::FailedPreconditionError(absl::StrCat(
      "model ", QuotedName(name), " failed to load: ", failure.message()));
  failure.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) {
    status.SetPayload(url, payload);
  });
  return status;
}

// `record` may be null.
ModelIndexEntry Describe(const std::string& name, int64_t version,
                         const ModelRecord* record) {
  const ModelEntry unknown;
  const ModelEntry* entry = record == nullptr ? nullptr : record->Find(version);
  if (entry == nullptr) entry = &unknown;
  if (entry->state() == ModelState::kUnloaded && record != nullptr &&
      record->load != nullptr) {
    return {name, version, ModelState::kLoading,
            DescribeProgress(LoadProgress())};
  }
  return {name, version, entry->state(), entry->Reason()};
}

void LogMissingAtStart(absl::string_view name, const absl::Status& status) {
  LOG(ERROR) << "model " << QuotedName(name)
             << " was asked for at start: " << status;
}

// One line of a message that may be long.
std::string Cut(absl::string_view message) {
  constexpr size_t kShown = 200;
  if (message.size() <= kShown) return std::string(message);
  size_t end = kShown;
  // Not within a character: systemd leaves text unread that is not UTF-8.
  while (end > 0 && (message[end] & 0xC0) == 0x80) --end;
  return absl::StrCat(message.substr(0, end), "...");
}

}  // namespace

absl::StatusOr<std::unique_ptr<ModelRepository>> ModelRepository::Create(
    Options options, ModelLoader& loader, RepositoryObserver* observer) {
  FolderReader& reader =
      options.folders == nullptr ? FolderReader::System() : *options.folders;
  ASSIGN_OR_RETURN(RepositoryFolder folder,
                   RepositoryFolder::Open(options.root, reader));
  return std::unique_ptr<ModelRepository>(new ModelRepository(
      std::move(options), std::move(folder), loader, observer));
}

ModelRepository::ModelRepository(Options options, RepositoryFolder folder,
                                 ModelLoader& loader,
                                 RepositoryObserver* observer)
    : options_(std::move(options)),
      folder_(std::move(folder)),
      loader_(loader),
      observer_(observer),
      budget_(options_.host_memory_limit_bytes),
      scanner_(folder_) {
  CHECK_GT(options_.max_concurrent_loads, 0);
}

ModelRepository::~ModelRepository() { Shutdown(); }

absl::Status ModelRepository::CheckControlAllowed() const {
  if (options_.allow_control) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "models are loaded at start only: calls may load and unload with "
      "--model_control_mode=explicit");
}

LoadTicket ModelRepository::LoadAsync(absl::string_view name,
                                      const LoadParameters& parameters,
                                      LoadDone done) {
  const absl::Status allowed = CheckControlAllowed();
  absl::StatusOr<LoadTicket> ticket = allowed.ok()
                                          ? StartLoad(name, parameters, done)
                                          : absl::StatusOr<LoadTicket>(allowed);
  if (ticket.ok()) return *std::move(ticket);
  done(ticket.status());
  return LoadTicket();
}

absl::StatusOr<LoadTicket> ModelRepository::StartLoad(
    absl::string_view name, const LoadParameters& parameters, LoadDone& done) {
  RETURN_IF_ERROR(CheckModelName(name));
  ModelOptions checked;
  RETURN_IF_ERROR(ApplyLoadParameters(parameters, checked));

  absl::MutexLock lock(&mutex_);
  if (draining_) return ShuttingDown();
  const std::string key(name);
  ModelRecord& record = records_[key];
  if (record.unload != nullptr) return ModelBusy(name, "is unloading");
  if (record.load == nullptr) {
    record.load = std::make_unique<LoadOperation>();
    record.load->parameters = parameters;
    record.load->status = std::make_shared<LoadStatus>(++last_operation_);
    last_loads_[key] = record.load->status;
    threads_.Start([this, key] { RunLoad(key); });
  } else if (!record.load->cancelled.ok()) {
    return ModelBusy(name, "is cancelling a load");
  } else if (record.load->parameters != parameters) {
    return ModelBusy(name, "is being loaded with other parameters");
  }
  const LoadTicket ticket = {key, ++last_ticket_,
                             record.load->status->operation()};
  record.load->waiters.emplace(ticket.id, std::move(done));
  return ticket;
}

void ModelRepository::Abandon(const LoadTicket& ticket) {
  const absl::Status cancelled = absl::CancelledError(absl::StrCat(
      "the load of model ", QuotedName(ticket.name), " was cancelled"));
  LoadDone done;
  {
    absl::MutexLock lock(&mutex_);
    const auto it = records_.find(ticket.name);
    if (it == records_.end() || it->second.load == nullptr) return;
    LoadOperation& load = *it->second.load;
    const auto waiter = load.waiters.find(ticket.id);
    if (waiter == load.waiters.end()) return;
    done = std::move(waiter->second);
    load.waiters.erase(waiter);
    if (load.waiters.empty()) load.Cancel(cancelled);
  }
  done(cancelled);
}

void ModelRepository::UnloadAsync(absl::string_view name, UnloadDone done) {
  const absl::Status allowed = CheckControlAllowed();
  const absl::StatusOr<bool> started =
      allowed.ok() ? StartUnload(name, done) : absl::StatusOr<bool>(allowed);
  if (!started.ok()) {
    done(started.status());
  } else if (!*started) {
    LookAsync([this, name = std::string(name),
               done = std::move(done)](absl::Status looked) mutable {
      if (looked.ok() && scanner_.last()->count(name) == 0) {
        looked = UnknownModel(name);
      }
      done(looked.ok() ? absl::StatusOr<int64_t>(0) : looked);
    });
  }
}

absl::StatusOr<bool> ModelRepository::StartUnload(absl::string_view name,
                                                  UnloadDone& done) {
  RETURN_IF_ERROR(CheckModelName(name));

  absl::MutexLock lock(&mutex_);
  if (draining_) return ShuttingDown();
  auto it = records_.find(name);
  if (it == records_.end()) {
    if (at_start_.find(name) == at_start_.end()) return false;
    it = records_.try_emplace(std::string(name)).first;
  }
  at_start_.erase(it->first);
  StartUnloadLocked(it->first, it->second);
  it->second.unload->waiters.push_back(std::move(done));
  return true;
}

void ModelRepository::StartUnloadLocked(const std::string& name,
                                        ModelRecord& record) {
  if (record.load != nullptr) {
    record.load->Cancel(
        absl::CancelledError("the load was cancelled by an unload"));
  }
  if (record.unload != nullptr) return;
  record.unload = std::make_unique<UnloadOperation>();
  threads_.Start([this, name] { RunUnload(name); });
}

absl::Status ModelRepository::Load(absl::string_view name,
                                   const LoadParameters& parameters) {
  absl::Notification finished;
  absl::Status result;
  LoadAsync(name, parameters, [&](absl::Status status) {
    result = std::move(status);
    finished.Notify();
  });
  finished.WaitForNotification();
  return result;
}

absl::StatusOr<int64_t> ModelRepository::Unload(absl::string_view name) {
  absl::Notification finished;
  absl::StatusOr<int64_t> result = 0;
  UnloadAsync(name, [&](absl::StatusOr<int64_t> released) {
    result = std::move(released);
    finished.Notify();
  });
  finished.WaitForNotification();
  return result;
}

absl::StatusOr<ModelHandle> ModelRepository::Find(
    absl::string_view name, absl::string_view version) const {
  if (!CheckModelName(name).ok()) return UnknownModel(name);
  const std::optional<int64_t> number = ParseVersion(version);
  bool is_loading = false;
  {
    absl::ReaderMutexLock lock(&mutex_);
    const auto it = records_.find(name);
    if (it != records_.end()) {
      const ModelRecord& record = it->second;
      if (record.unload != nullptr) return ModelBusy(name, "is unloading");
      is_loading = record.load != nullptr;
      const ModelEntry* const entry =
          version.empty() ? record.Newest() : record.Find(number);
      if (entry != nullptr && entry->state() == ModelState::kReady) {
        return ModelHandle(entry->instance());
      }
      const bool may_become_ready = version.empty() && is_loading;
      if (entry != nullptr && entry->state() == ModelState::kFailed &&
          !may_become_ready) {
        return LoadFailed(name, entry->failure());
      }
      // Its folder may be newer than the last look.
      if (is_loading && (version.empty() || entry != nullptr)) {
        return ModelBusy(name, "is loading");
      }
    }
    // A call that came late is no call for a model that never was there.
    if (draining_) return ShuttingDown();
  }
  const std::shared_ptr<const FolderListing> listing = scanner_.last();
  scanner_.Scan(nullptr);
  const auto listed = listing->find(name);
  if (listed == listing->end()) return UnknownModel(name);
  RETURN_IF_ERROR(listed->second.status());
  if (!version.empty() &&
      (!number.has_value() || listed->second->count(*number) == 0)) {
    return UnknownVersion(name, version);
  }
  if (is_loading) return ModelBusy(name, "is loading");
  return absl::NotFoundError(absl::StrCat(
      "model ", QuotedName(name), " is in the repository but not loaded"));
}

std::vector<ModelIndexEntry> ModelRepository::Index() const {
  std::map<std::string, std::set<int64_t>, std::less<>> listed;
  for (const auto& [name, versions] : *scanner_.last()) {
    if (!versions.ok()) continue;  // gone meanwhile, or not to be read
    for (const auto& [version, directory] : *versions) {
      listed[name].insert(version);
    }
  }

  absl::ReaderMutexLock lock(&mutex_);
  for (const auto& [name, record] : records_) {
    for (const auto& [version, entry] : record.versions) {
      listed[name].insert(version);
    }
  }
  std::vector<ModelIndexEntry> index;
  for (const auto& [name, versions] : listed) {
    const auto it = records_.find(name);
    const ModelRecord* const record =
        it == records_.end() ? nullptr : &it->second;
    for (const int64_t version : versions) {
      index.push_back(Describe(name, version, record));
    }
  }
  return index;
}

std::vector<int64_t> ModelRepository::ReadyVersions(
    absl::string_view name) const {
  absl::ReaderMutexLock lock(&mutex_);
  std::vector<int64_t> versions;
  const auto it = records_.find(name);
  if (it == records_.end() || it->second.unload != nullptr) return versions;
  for (const auto& [version, entry] : it->second.versions) {
    if (entry.state() == ModelState::kReady) versions.push_back(version);
  }
  return versions;
}

void ModelRepository::LoadAtStart(const std::vector<std::string>& names) {
  std::set<std::string> unique(names.begin(), names.end());
  if (unique.erase("*") > 0) {
    for (std::string& name : folder_.Models()) unique.insert(std::move(name));
    if (unique.empty()) {
      LOG(WARNING) << "the model repository '" << options_.root
                   << "' holds no models: is its volume mounted?";
    }
  }
  {
    // All of them before the first is started, so that readiness waits for all.
    absl::MutexLock lock(&mutex_);
    for (const std::string& name : unique) {
      at_start_[name] = ModelBusy(name, "is loading");
    }
  }
  for (const std::string& name : unique) LoadOneAtStart(name);
}

void ModelRepository::LoadOneAtStart(const std::string& name) {
  // FinishLoad tells readiness, and what failed of a model that is there was
  // logged by then.
  LoadDone done = [name](const absl::Status& status) {
    if (absl::IsNotFound(status)) LogMissingAtStart(name, status);
  };
  const absl::StatusOr<LoadTicket> ticket = StartLoad(name, {}, done);
  if (ticket.ok()) return;
  LogMissingAtStart(name, ticket.status());
  {
    absl::MutexLock lock(&mutex_);
    at_start_[name] = ticket.status();
  }
  if (observer_ != nullptr) observer_->OnOperationEnd();
}

absl::Status ModelRepository::Readiness() const {
  absl::ReaderMutexLock lock(&mutex_);
  if (draining_) return ShuttingDown();
  if (at_start_.empty() && !options_.allow_control) {
    return absl::UnavailableError(
        "the model repository held no models at the start: is its volume "
        "mounted?");
  }
  std::vector<std::string> missing;
  for (const auto& [name, status] : at_start_) {
    if (!status.ok()) missing.push_back(Cut(status.message()));
  }
  const bool any = missing.size() < at_start_.size();
  if (missing.empty() || (any && options_.readiness == ReadinessPolicy::kAny)) {
    return absl::OkStatus();
  }
  constexpr size_t kShown = 3;
  const size_t shown = std::min(missing.size(), kShown);
  return absl::UnavailableError(absl::StrCat(
      missing.size(), " of ", at_start_.size(), " models are not ready: ",
      absl::StrJoin(missing.begin(), missing.begin() + shown, "; "),
      shown < missing.size() ? "; ..." : ""));
}

void ModelRepository::BeginDrain() {
  absl::MutexLock lock(&mutex_);
  draining_ = true;
}

void ModelRepository::Shutdown() {
  BeginDrain();
  scanner_.Stop();
  absl::MutexLock lock(&mutex_);
  for (auto& [name, record] : records_) {
    if (record.load != nullptr) record.load->Cancel(ShuttingDown());
    StartUnloadLocked(name, record);
  }
  const auto empty = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return records_.empty();
  };
  mutex_.Await(absl::Condition(&empty));
}

}  // namespace transformerd
