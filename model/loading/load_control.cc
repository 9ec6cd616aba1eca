#include "model/loading/load_control.h"

#include "glog/logging.h"

namespace transformerd {

absl::string_view NameOf(LoadPhase phase) {
  switch (phase) {
    case LoadPhase::kQueued:
      return "queued";
    case LoadPhase::kPlan:
      return "plan";
    case LoadPhase::kAllocate:
      return "allocate";
    case LoadPhase::kStream:
      return "stream";
    case LoadPhase::kWarmUp:
      return "warm_up";
    case LoadPhase::kDone:
      return "done";
  }
  LOG(FATAL) << "no load phase " << static_cast<int>(phase);
  return "";
}

void LoadControl::Cancel(absl::Status reason) {
  CHECK(!reason.ok()) << "a cancellation needs a reason";
  absl::MutexLock lock(&mutex_);
  cancelled_.Update(reason);
}

absl::Status LoadControl::CheckNotCancelled() const {
  absl::MutexLock lock(&mutex_);
  return cancelled_;
}

LoadProgress LoadControl::progress() const {
  absl::MutexLock lock(&mutex_);
  return progress_;
}

void LoadControl::SetPhase(LoadPhase phase) {
  absl::MutexLock lock(&mutex_);
  progress_.phase = phase;
}

void LoadControl::SetTotals(int64_t tensors, int64_t bytes) {
  absl::MutexLock lock(&mutex_);
  progress_.tensors_total = tensors;
  progress_.bytes_total = bytes;
}

void LoadControl::Advance(int64_t tensors, int64_t bytes) {
  absl::MutexLock lock(&mutex_);
  progress_.tensors_done += tensors;
  progress_.bytes_done += bytes;
}

}  // namespace transformerd
