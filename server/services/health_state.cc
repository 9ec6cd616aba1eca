#include "server/services/health_state.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/services/service_names.h"

namespace transformerd {
namespace {

constexpr absl::string_view kReadinessNames[] = {
    kHealthOverall, kHealthReadiness, kInferenceService, kTextService,
    kModelService};

}  // namespace

std::string ModelHealthName(absl::string_view model) {
  return absl::StrCat("model/", model);
}

HealthState::HealthState() {
  absl::MutexLock lock(&mutex_);
  serving_.emplace(kHealthLiveness, true);
  for (absl::string_view name : kReadinessNames) serving_.emplace(name, false);
}

void HealthState::Set(absl::string_view name, bool serving) {
  {
    absl::MutexLock lock(&mutex_);
    const auto [it, is_new] = serving_.emplace(name, serving);
    if (!is_new && it->second == serving) return;
    it->second = serving;
  }
  Notify();
}

void HealthState::SetReady(bool ready) {
  {
    absl::MutexLock lock(&mutex_);
    for (absl::string_view name : kReadinessNames) {
      serving_.insert_or_assign(std::string(name), ready);
    }
  }
  Notify();
}

void HealthState::StartDraining() {
  {
    absl::MutexLock lock(&mutex_);
    draining_ = true;
  }
  Notify();
}

std::optional<bool> HealthState::Get(absl::string_view name) const {
  absl::MutexLock lock(&mutex_);
  const auto it = serving_.find(name);
  if (it == serving_.end()) return std::nullopt;
  return it->second && (!draining_ || name == kHealthLiveness);
}

bool HealthState::is_draining() const {
  absl::MutexLock lock(&mutex_);
  return draining_;
}

HealthState::ListenerId HealthState::Subscribe(std::function<void()> listener) {
  absl::MutexLock lock(&mutex_);
  listeners_.emplace(next_listener_, std::move(listener));
  return next_listener_++;
}

void HealthState::Unsubscribe(ListenerId id) {
  absl::MutexLock lock(&mutex_);
  listeners_.erase(id);
}

void HealthState::Notify() {
  std::vector<std::function<void()>> listeners;
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [id, listener] : listeners_) listeners.push_back(listener);
  }
  for (const std::function<void()>& listener : listeners) listener();
}

}  // namespace transformerd
