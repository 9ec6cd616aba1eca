#include "server/services/model_watch.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "model/base/status_macros.h"
#include "server/services/model_messages.h"

namespace transformerd {
namespace {

bool AreAlike(const std::vector<ModelIndexEntry>& a,
              const std::vector<ModelIndexEntry>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const ModelIndexEntry& x, const ModelIndexEntry& y) {
                      return x.version == y.version && x.state == y.state &&
                             x.reason == y.reason;
                    });
}

}  // namespace

absl::StatusOr<ModelWatch::Updates> ModelWatch::Look() {
  Updates updates;
  if (load_ == nullptr) {
    ASSIGN_OR_RETURN(const ModelView view, repository_.View(model_));
    const bool has_load = view.load != nullptr;
    // What ended before the watch began is history.
    if (is_first_ && has_load && view.load->outcome().has_value()) {
      last_operation_ = view.load->operation();
    }
    if (has_load && view.load->operation() > last_operation_) {
      load_ = view.load;
      told_queued_ = false;
      told_phases_.clear();
    } else {
      LookAtStates(view, /*always=*/is_first_, updates);
      is_over_ = !follow_;
    }
  }
  if (load_ != nullptr) LookAtLoad(updates);
  is_first_ = false;
  return updates;
}

void ModelWatch::LookAtLoad(Updates& updates) {
  // Before the phases, so that none is missing when the end is told.
  const std::optional<absl::Status> outcome = load_->outcome();
  const std::vector<LoadStatus::Version> versions = load_->versions();
  told_phases_.resize(versions.size(), 0);
  if (versions.empty() && !told_queued_) {
    updates.push_back(MakeUpdate());
    updates.back().mutable_progress()->set_phase(v1::QUEUED);
  }
  told_queued_ = true;
  for (size_t i = 0; i < versions.size(); ++i) {
    AddPhases(versions[i], told_phases_[i], updates);
  }
  if (outcome.has_value()) {
    AddEnd(*outcome, updates);
  } else if (updates.empty() && !versions.empty() &&
             versions.back().progress.phase == LoadPhase::kStream) {
    updates.push_back(MakeUpdate(versions.back()));
    *updates.back().mutable_progress() = ToMessage(versions.back().progress);
  }
}

void ModelWatch::AddPhases(const LoadStatus::Version& version, size_t& told,
                           Updates& updates) const {
  const LoadProgress& progress = version.progress;
  for (; told < progress.phases.size(); ++told) {
    updates.push_back(MakeUpdate(version));
    *updates.back().mutable_progress() = ToMessage(progress, told);
  }
}

void ModelWatch::AddEnd(const absl::Status& outcome, Updates& updates) {
  v1::WatchModelResponse end = MakeUpdate();
  const std::vector<LoadStatus::Version> versions = load_->versions();
  if (!versions.empty()) {
    end.set_version(absl::StrCat(versions.back().number));
    *end.mutable_progress() = ToMessage(versions.back().progress);
  }
  *end.mutable_outcome() = ToMessage(outcome);
  const absl::StatusOr<ModelView> view = repository_.View(model_);
  end.set_state(v1::Model::UNLOADED);
  if (view.ok()) {
    told_states_ = view->versions;
    for (const ModelIndexEntry& entry : view->versions) {
      if (absl::StrCat(entry.version) != end.version()) continue;
      end.set_state(ToMessage(entry.state));
      end.set_reason(entry.reason);
    }
  }
  if (outcome.ok()) {
    *end.mutable_outcome()->mutable_versions() =
        LoadedVersions(repository_, model_);
  }
  updates.push_back(std::move(end));
  last_operation_ = load_->operation();
  load_ = nullptr;
  is_over_ = !follow_;
}

void ModelWatch::LookAtStates(const ModelView& view, bool always,
                              Updates& updates) {
  if (!always && AreAlike(view.versions, told_states_)) return;
  told_states_ = view.versions;
  for (const ModelIndexEntry& entry : view.versions) {
    v1::WatchModelResponse update;
    update.set_model(model_);
    update.set_version(absl::StrCat(entry.version));
    update.set_state(ToMessage(entry.state));
    update.set_reason(entry.reason);
    updates.push_back(std::move(update));
  }
  if (!view.versions.empty()) return;
  v1::WatchModelResponse update;
  update.set_model(model_);
  update.set_state(v1::Model::UNLOADED);
  update.set_reason("not loaded");
  updates.push_back(std::move(update));
}

v1::WatchModelResponse ModelWatch::MakeUpdate(
    const LoadStatus::Version& version) const {
  v1::WatchModelResponse update = MakeUpdate();
  update.set_version(absl::StrCat(version.number));
  if (version.is_reload) update.set_state(v1::Model::READY);
  return update;
}

// Of a load that has not begun with a version yet.
v1::WatchModelResponse ModelWatch::MakeUpdate() const {
  v1::WatchModelResponse update;
  update.set_model(model_);
  update.set_state(v1::Model::LOADING);
  update.set_operation(load_->operation());
  return update;
}

}  // namespace transformerd
