#include "model/loading/load_control.h"

#include <algorithm>
#include <utility>

#include "glog/logging.h"
#include "model/base/process_memory.h"

namespace transformerd {
namespace {

// Over which the rate is taken: long enough for a bucket to come by on a slow
// disk, short enough to show a stall.
constexpr absl::Duration kRateWindow = absl::Seconds(2);

// Has no state; never destroyed.
Clock& MachineClock() {
  static auto* const kClock = new SystemClock();
  return *kClock;
}

}  // namespace

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

absl::Duration LoadProgress::TimeLeft() const {
  const int64_t left = bytes_total - bytes_done;
  if (phase > LoadPhase::kStream || (bytes_total > 0 && left <= 0)) {
    return absl::ZeroDuration();
  }
  if (bytes_per_second <= 0) return absl::InfiniteDuration();
  return absl::Seconds(static_cast<double>(left) / bytes_per_second);
}

LoadControl::LoadControl() : LoadControl(MachineClock()) {}

LoadControl::LoadControl(Clock& clock) : clock_(clock) {}

void LoadControl::Cancel(absl::Status reason) {
  CHECK(!reason.ok()) << "a cancellation needs a reason";
  absl::MutexLock lock(&mutex_);
  cancelled_.Update(reason);
}

absl::Status LoadControl::CheckNotCancelled() const {
  absl::MutexLock lock(&mutex_);
  return cancelled_;
}

absl::Status LoadControl::SleepUntil(absl::Time time) {
  const auto cancelled = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return !cancelled_.ok();
  };
  absl::MutexLock lock(&mutex_);
  clock_.AwaitUntil(mutex_, absl::Condition(&cancelled), time);
  return cancelled_;
}

LoadProgress LoadControl::progress() const {
  absl::MutexLock lock(&mutex_);
  const absl::Time now = clock_.Now();
  LoadProgress progress = progress_;
  if (progress.phase == LoadPhase::kStream) {
    progress.bytes_per_second = BytesPerSecondLocked(now);
  }
  for (size_t i = 0; i < begins_.size(); ++i) {
    const bool is_last = i + 1 == begins_.size();
    const absl::Time end = is_last ? now : begins_[i + 1].time;
    if (begins_[i].phase == LoadPhase::kDone) continue;
    progress.phases.push_back({begins_[i].phase, end - begins_[i].time});
  }
  return progress;
}

double LoadControl::BytesPerSecondLocked(absl::Time now) const {
  if (samples_.empty() || now <= samples_.front().time) return 0;
  return static_cast<double>(progress_.bytes_done - samples_.front().bytes) /
         absl::ToDoubleSeconds(now - samples_.front().time);
}

void LoadControl::SetPhase(LoadPhase phase) {
  {
    absl::MutexLock lock(&mutex_);
    const absl::Time now = clock_.Now();
    progress_.phase = phase;
    begins_.push_back({phase, now});
    if (phase == LoadPhase::kStream) {
      samples_ = {{now, progress_.bytes_done}};
    }
  }
  MeasureMemory();
}

void LoadControl::SetRank(int rank) {
  absl::MutexLock lock(&mutex_);
  progress_.rank = rank;
}

void LoadControl::SetTotals(int64_t tensors, int64_t bytes) {
  absl::MutexLock lock(&mutex_);
  progress_.tensors_total = tensors;
  progress_.bytes_total = bytes;
}

void LoadControl::Advance(int64_t tensors, int64_t bytes) {
  {
    absl::MutexLock lock(&mutex_);
    const absl::Time now = clock_.Now();
    progress_.tensors_done += tensors;
    progress_.bytes_done += bytes;
    samples_.push_back({now, progress_.bytes_done});
    while (samples_.size() > 2 && now - samples_[1].time >= kRateWindow) {
      samples_.pop_front();
    }
  }
  MeasureMemory();
}

void LoadControl::BeginCollective(int rank) {
  absl::MutexLock lock(&mutex_);
  collectives_[rank] = clock_.Now();
}

void LoadControl::EndCollective(int rank) {
  absl::MutexLock lock(&mutex_);
  collectives_.erase(rank);
}

absl::Duration LoadControl::collective_for() const {
  absl::MutexLock lock(&mutex_);
  const absl::Time now = clock_.Now();
  absl::Duration longest;
  for (const auto& [rank, begin] : collectives_) {
    longest = std::max(longest, now - begin);
  }
  return longest;
}

int64_t LoadControl::peak_process_bytes() const {
  absl::MutexLock lock(&mutex_);
  return peak_process_bytes_;
}

void LoadControl::MeasureMemory() {
  const absl::StatusOr<int64_t> bytes = ResidentBytes();
  if (!bytes.ok()) return;
  absl::MutexLock lock(&mutex_);
  peak_process_bytes_ = std::max(peak_process_bytes_, *bytes);
}

}  // namespace transformerd
