// What a repository tells without changing anything: views and plans.
#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"
#include "server/lifecycle/model_name.h"
#include "server/lifecycle/model_repository.h"
#include "server/lifecycle/repository_errors.h"

namespace transformerd {
namespace {

// Each reads headers on a thread of its own.
constexpr int kMaxRunningPlans = 4;

// Whether each GPU that says what it has free has it for all versions.
bool FitOnGpus(const std::map<int64_t, PlannedLoad>& versions) {
  std::map<std::string, int64_t> needed;
  for (const auto& [version, planned] : versions) {
    for (const auto& [device, bytes] : planned.device_bytes) {
      const auto free = planned.device_free_bytes.find(device);
      if (free == planned.device_free_bytes.end()) continue;
      needed[device] += bytes;
      if (needed[device] > free->second) return false;
    }
  }
  return true;
}

}  // namespace

bool RepositoryPlan::fits() const {
  const bool fit_their_architectures = std::all_of(
      versions.begin(), versions.end(),
      [](const auto& version) { return version.second.mismatch.is_empty(); });
  return fit_their_architectures && FitOnGpus(versions) &&
         (!room.has_value() || host.total() <= room->bytes);
}

absl::StatusOr<ModelView> ModelRepository::View(absl::string_view name) const {
  RETURN_IF_ERROR(CheckModelName(name));
  ModelView view;
  {
    absl::ReaderMutexLock lock(&mutex_);
    const auto record = records_.find(name);
    if (record != records_.end()) {
      for (const auto& [version, entry] : record->second.versions) {
        view.versions.push_back(
            {std::string(name), version, entry.state(), entry.Reason()});
      }
    }
    const auto load = last_loads_.find(name);
    if (load != last_loads_.end()) view.load = load->second;
  }
  if (view.load != nullptr || scanner_.last()->count(name) > 0) return view;
  scanner_.Scan(nullptr);
  return UnknownModel(name);
}

absl::Duration ModelRepository::LongestCollective() const {
  absl::ReaderMutexLock lock(&mutex_);
  absl::Duration longest;
  for (const auto& [name, record] : records_) {
    if (record.load == nullptr || record.load->control == nullptr) continue;
    longest = std::max(longest, record.load->control->collective_for());
  }
  return longest;
}

void ModelRepository::PlanAsync(absl::string_view name,
                                absl::string_view version,
                                const LoadParameters& parameters,
                                PlanDone done) {
  absl::Status status = CheckModelName(name);
  ModelOptions checked;
  status.Update(ApplyLoadParameters(parameters, checked));
  if (status.ok()) status = BeginPlan();
  if (!status.ok()) {
    done(std::move(status));
    return;
  }
  threads_.Start([this, name = std::string(name),
                  version = std::string(version), parameters,
                  done = std::move(done)]() mutable {
    absl::StatusOr<RepositoryPlan> plan = MakePlan(name, version, parameters);
    {
      absl::MutexLock lock(&mutex_);
      --running_plans_;
    }
    done(std::move(plan));
  });
}

absl::StatusOr<std::map<int64_t, std::string>> ModelRepository::VersionsToPlan(
    absl::string_view name, absl::string_view version) const {
  ASSIGN_OR_RETURN(auto versions, folder_.Versions(name));
  if (version.empty()) return versions;
  const std::optional<int64_t> number = ParseVersion(version);
  const auto found =
      number.has_value() ? versions.find(*number) : versions.end();
  if (found == versions.end()) return UnknownVersion(name, version);
  return std::map<int64_t, std::string>{*found};
}

absl::Status ModelRepository::BeginPlan() {
  absl::MutexLock lock(&mutex_);
  if (draining_) return ShuttingDown();
  if (running_plans_ >= kMaxRunningPlans) {
    return WithRetryDelay(
        absl::UnavailableError(absl::StrCat(
            running_plans_, " plans are being made, which is the most")),
        absl::Seconds(1));
  }
  ++running_plans_;
  return absl::OkStatus();
}

absl::StatusOr<RepositoryPlan> ModelRepository::MakePlan(
    const std::string& name, const std::string& version,
    const LoadParameters& parameters) {
  ASSIGN_OR_RETURN(const auto versions, VersionsToPlan(name, version));
  absl::StatusOr<RepositoryPlan> plan =
      PlanVersions(name, versions, parameters);
  if (plan.ok()) return plan;
  return Annotate(plan.status(), absl::StrCat("model ", QuotedName(name)));
}

absl::StatusOr<RepositoryPlan> ModelRepository::PlanVersions(
    const std::string& name, const std::map<int64_t, std::string>& versions,
    const LoadParameters& parameters) {
  ASSIGN_OR_RETURN(const ModelOptions options, OptionsFor(name, parameters));
  RepositoryPlan plan;
  for (const auto& [version, directory] : versions) {
    absl::StatusOr<PlannedLoad> planned =
        loader_.Plan({directory, options.load});
    if (!planned.ok() && versions.size() > 1) {
      return Annotate(planned.status(), absl::StrCat("version ", version));
    }
    RETURN_IF_ERROR(planned.status());
    plan.host.weight_bytes += planned->host.weight_bytes;
    plan.host.staging_bytes =
        std::max(plan.host.staging_bytes, planned->host.staging_bytes);
    plan.versions.emplace(version, *std::move(planned));
  }
  absl::StatusOr<AvailableMemory> room = budget_.Room();
  if (room.ok()) plan.room = *std::move(room);
  return plan;
}

}  // namespace transformerd
