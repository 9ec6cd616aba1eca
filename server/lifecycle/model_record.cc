#include "server/lifecycle/model_record.h"

#include <algorithm>

namespace transformerd {

void LoadOperation::Cancel(const absl::Status& reason) {
  if (cancelled.ok()) cancelled = reason;
  if (control != nullptr) control->Cancel(cancelled);
}

const ModelEntry* ModelRecord::Newest() const {
  for (const ModelState wanted : {ModelState::kReady, ModelState::kFailed}) {
    for (auto it = versions.rbegin(); it != versions.rend(); ++it) {
      if (it->second.state() == wanted) return &it->second;
    }
  }
  return nullptr;
}

const ModelEntry* ModelRecord::Find(std::optional<int64_t> version) const {
  if (!version.has_value()) return nullptr;
  const auto it = versions.find(*version);
  return it == versions.end() ? nullptr : &it->second;
}

bool ModelRecord::is_empty() const {
  return std::all_of(versions.begin(), versions.end(), [](const auto& version) {
    return version.second.state() == ModelState::kUnloaded;
  });
}

}  // namespace transformerd
