// What the threads of a repository do: one load or unload from begin to end.
// Others change a record only as far as to join or cancel its operation.
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "glog/logging.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"
#include "server/lifecycle/load_report_table.h"
#include "server/lifecycle/model_entry.h"
#include "server/lifecycle/model_name.h"
#include "server/lifecycle/model_repository.h"
#include "server/lifecycle/part_checkpoints.h"
#include "server/lifecycle/repository_errors.h"

namespace transformerd {
namespace {

std::string Describe(const ModelId& id) {
  return absl::StrCat("model ", QuotedName(id.name), " version ", id.version);
}

void LogReport(const ModelId& id, const LoadedModel& model) {
  const LoadReport& report = model.report();
  LOG(INFO) << Describe(id) << ": " << ToString(model.architecture());
  LOG(INFO) << Describe(id) << ":\n" << LoadReportTable(report);
  for (const std::string& warning : report.warnings) {
    LOG(WARNING) << Describe(id) << ": " << warning;
  }
  if (!report.unused_keys.empty()) {
    LOG(INFO) << Describe(id) << ": " << report.unused_keys.size()
              << " known keys left unread: "
              << absl::StrJoin(report.unused_keys, ", ");
  }
}

// Weights in host memory.
int64_t HostBytes(const LoadReport& report) {
  const auto found = report.device_bytes.find("cpu");
  return found == report.device_bytes.end() ? 0 : found->second;
}

}  // namespace

void ModelRepository::RunLoad(const std::string& name) {
  ModelRecord* record = nullptr;
  {
    absl::MutexLock lock(&mutex_);
    record = &records_.at(name);
  }
  Retired retired;
  // Before the turn, so that a wrong name is told at once.
  absl::Status status =
      folder_.HasModel(name) ? AwaitTurn(*record) : UnknownModel(name);
  if (status.ok()) {
    status = LoadVersions(name, *record, retired);
    absl::MutexLock lock(&mutex_);
    --running_loads_;
  }
  FinishLoad(name, *record, status);
  // The record may be gone from here on.
  int64_t released_bytes = 0;
  for (const auto& instance : retired.replaced) instance->Release();
  for (const auto& instance : retired.vanished) {
    Unload(*instance, released_bytes);
  }
}

absl::Status ModelRepository::AwaitTurn(ModelRecord& record) {
  absl::MutexLock lock(&mutex_);
  const LoadOperation& load = *record.load;
  const auto turn = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return running_loads_ < options_.max_concurrent_loads ||
           !load.cancelled.ok();
  };
  mutex_.Await(absl::Condition(&turn));
  if (load.cancelled.ok()) ++running_loads_;
  return load.cancelled;
}

absl::Status ModelRepository::LoadVersions(const std::string& name,
                                           ModelRecord& record,
                                           Retired& retired) {
  ASSIGN_OR_RETURN(const auto versions, folder_.Versions(name));
  LoadParameters parameters;
  {
    absl::MutexLock lock(&mutex_);
    parameters = record.load->parameters;
  }
  absl::StatusOr<ModelOptions> options = OptionsFor(name, parameters);
  std::vector<LoadedVersion> loaded;
  absl::Status first_error;
  for (const auto& [version, directory] : versions) {
    absl::Status status =
        LoadVersion({name, version}, directory, options, record, loaded);
    if (!status.ok() && versions.size() > 1) {
      status = Annotate(status, absl::StrCat("version ", version));
    }
    first_error.Update(status);
  }
  first_error.Update(Publish(loaded, record, retired));
  if (first_error.ok()) ForgetVanished(name, versions, record, retired);
  return first_error;
}

absl::StatusOr<ModelOptions> ModelRepository::OptionsFor(
    const std::string& name, const LoadParameters& parameters) const {
  ModelOptions options = options_.defaults;
  ASSIGN_OR_RETURN(const std::string file, folder_.ReadModelFile(name));
  if (!file.empty()) RETURN_IF_ERROR(ApplyModelFile(file, options));
  RETURN_IF_ERROR(ApplyLoadParameters(parameters, options));
  RETURN_IF_ERROR(FindCheckpoints(folder_, options.load.parts));
  return options;
}

absl::Status ModelRepository::LoadVersion(
    const ModelId& id, const std::string& directory,
    const absl::StatusOr<ModelOptions>& options, ModelRecord& record,
    std::vector<LoadedVersion>& loaded) {
  const auto control = options_.clock == nullptr
                           ? std::make_shared<LoadControl>()
                           : std::make_shared<LoadControl>(*options_.clock);
  bool is_reload = false;
  {
    absl::MutexLock lock(&mutex_);
    if (!record.load->cancelled.ok()) return record.load->cancelled;
    record.load->control = control;
    ModelEntry& entry = record.versions[id.version];
    is_reload = entry.state() == ModelState::kReady;
    record.load->status->BeginVersion(id.version, is_reload, control);
    entry.BeginLoad(control);
  }
  if (!is_reload) Tell(id, ModelState::kLoading);
  LOG(INFO) << Describe(id) << ": " << (is_reload ? "reloading" : "loading")
            << " '" << directory << "'";

  const absl::Time start = absl::Now();
  auto instance = MakeInstance(id, directory, options, *control);
  const absl::Duration time = absl::Now() - start;
  if (instance.ok()) {
    absl::MutexLock lock(&mutex_);
    record.load->control = nullptr;
    loaded.push_back({*std::move(instance), time, is_reload});
    return absl::OkStatus();
  }
  const absl::Status failure = FailVersion(id, instance.status(), record);
  LOG(ERROR) << Describe(id) << ": not loaded after " << time << ": "
             << FullReportOf(failure);
  return failure;
}

absl::StatusOr<std::shared_ptr<ModelInstance>> ModelRepository::MakeInstance(
    const ModelId& id, const std::string& directory,
    const absl::StatusOr<ModelOptions>& options, LoadControl& control) {
  if (!options.ok()) return options.status();
  ResidencyBudget::Reservation reservation;
  LoadRequest request = {directory, options->load};
  request.admit = [&](const MemoryNeed& need) -> absl::Status {
    ASSIGN_OR_RETURN(reservation, budget_.Reserve(need.total(), [&control] {
      return ShareRead(control.progress());
    }));
    return absl::OkStatus();
  };
  ASSIGN_OR_RETURN(auto model, loader_.Load(request, control));
  reservation.Settle(HostBytes(model->report()));
  LogReport(id, *model);
  ModelInstance::Options made;
  made.name = id.name;
  made.version = id.version;
  made.generation = ++last_generation_;
  made.serving_options = options->serving;
  return std::make_shared<ModelInstance>(made, std::move(model),
                                         std::move(reservation));
}

absl::Status ModelRepository::FailVersion(const ModelId& id,
                                          absl::Status failure,
                                          ModelRecord& record) {
  ModelState state;
  {
    absl::MutexLock lock(&mutex_);
    record.load->control = nullptr;
    ModelEntry& entry = record.versions[id.version];
    if (record.load->cancelled.ok()) {
      entry.FailLoad(failure);
    } else {
      failure = record.load->cancelled;
      entry.CancelLoad();
    }
    state = entry.state();
  }
  if (state != ModelState::kReady) Tell(id, state);
  return failure;
}

absl::Status ModelRepository::Publish(const std::vector<LoadedVersion>& loaded,
                                      ModelRecord& record, Retired& retired) {
  absl::Status cancelled;
  {
    absl::MutexLock lock(&mutex_);
    cancelled = record.load->cancelled;
    for (const LoadedVersion& version : loaded) {
      ModelEntry& entry = record.versions[version.instance->version()];
      if (!cancelled.ok()) {
        entry.CancelLoad();
      } else if (auto previous = entry.FinishLoad(version.instance)) {
        retired.replaced.push_back(std::move(previous));
      }
    }
  }
  for (const LoadedVersion& version : loaded) {
    ModelInstance& instance = *version.instance;
    const ModelId id = {instance.name(), instance.version()};
    if (cancelled.ok()) {
      LOG(INFO) << Describe(id) << ": ready after " << version.time;
      if (observer_ != nullptr) {
        observer_->OnLoaded(id, instance.report(), version.time);
      }
    } else {
      LOG(INFO) << Describe(id) << ": given up: " << cancelled;
      instance.Release();
    }
    if (version.is_reload) continue;
    Tell(id, cancelled.ok() ? ModelState::kReady : ModelState::kUnloaded);
  }
  return cancelled;
}

void ModelRepository::ForgetVanished(
    const std::string& name, const std::map<int64_t, std::string>& versions,
    ModelRecord& record, Retired& retired) {
  std::vector<ModelId> vanished;
  {
    absl::MutexLock lock(&mutex_);
    for (auto it = record.versions.begin(); it != record.versions.end();) {
      if (versions.count(it->first) > 0) {
        ++it;
        continue;
      }
      if (it->second.state() == ModelState::kReady) {
        retired.vanished.push_back(it->second.BeginDrain());
      }
      vanished.push_back({name, it->first});
      it = record.versions.erase(it);
    }
  }
  for (const ModelId& id : vanished) Tell(id, ModelState::kUnloaded);
}

void ModelRepository::FinishLoad(const std::string& name, ModelRecord& record,
                                 const absl::Status& status) {
  // That of a model without a folder names it already.
  const bool is_unknown = absl::IsNotFound(status);
  const absl::Status outcome =
      status.ok() || is_unknown
          ? status
          : Annotate(status, absl::StrCat("model ", QuotedName(name)));
  std::map<int64_t, LoadDone> waiters;
  {
    absl::MutexLock lock(&mutex_);
    waiters = std::move(record.load->waiters);
    record.load->status->Finish(outcome);
    record.load = nullptr;
    const auto asked = at_start_.find(name);
    // From the first success on a failed reload changes nothing.
    if (asked != at_start_.end() && !asked->second.ok()) {
      asked->second = outcome;
    }
    if (is_unknown) last_loads_.erase(name);
    if (record.unload == nullptr && record.is_empty()) records_.erase(name);
  }
  if (observer_ != nullptr) observer_->OnOperationEnd();
  for (auto& [id, done] : waiters) done(outcome);
}

void ModelRepository::RunUnload(const std::string& name) {
  ModelRecord* record = nullptr;
  Instances draining;
  std::vector<ModelId> ids;
  {
    absl::MutexLock lock(&mutex_);
    record = &records_.at(name);
    const auto no_load = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return record->load == nullptr;
    };
    mutex_.Await(absl::Condition(&no_load));
    for (auto& [version, entry] : record->versions) {
      if (entry.state() == ModelState::kUnloaded) continue;
      ids.push_back({name, version});
      if (entry.state() == ModelState::kReady) {
        draining.push_back(entry.BeginDrain());
      }
    }
  }
  int64_t released_bytes = 0;
  for (const auto& instance : draining) {
    Tell({name, instance->version()}, ModelState::kDraining);
  }
  for (const auto& instance : draining) Unload(*instance, released_bytes);
  {
    absl::MutexLock lock(&mutex_);
    for (const ModelId& id : ids) record->versions[id.version].Unloaded();
  }
  for (const ModelId& id : ids) Tell(id, ModelState::kUnloaded);
  if (!ids.empty()) {
    LOG(INFO) << "model " << QuotedName(name) << ": unloaded, "
              << released_bytes << " bytes of weights released";
  }

  UnloadOperation finished;
  {
    absl::MutexLock lock(&mutex_);
    finished = std::move(*record->unload);
    records_.erase(name);
  }
  if (observer_ != nullptr) observer_->OnOperationEnd();
  for (auto& done : finished.waiters) done(released_bytes);
}

void ModelRepository::Unload(ModelInstance& instance, int64_t& released_bytes) {
  const int64_t bytes = instance.Release();
  released_bytes += bytes;
  if (observer_ == nullptr) return;
  observer_->OnUnloaded({instance.name(), instance.version()}, bytes);
}

void ModelRepository::Tell(const ModelId& id, ModelState state) {
  if (observer_ != nullptr) observer_->OnState(id, state);
}

}  // namespace transformerd
