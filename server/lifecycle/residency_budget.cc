#include "server/lifecycle/residency_budget.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "glog/logging.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"

namespace transformerd {
namespace {

absl::Status TooLarge(int64_t bytes, absl::string_view there) {
  return WithReason(
      absl::ResourceExhaustedError(absl::StrCat(
          "the load needs ", bytes, " bytes of host memory, ", there)),
      Reason::kResourceLimit);
}

}  // namespace

ResidencyBudget::Reservation::Reservation(Reservation&& other) noexcept
    : budget_(std::exchange(other.budget_, nullptr)),
      number_(other.number_),
      resident_bytes_(other.resident_bytes_) {}

ResidencyBudget::Reservation& ResidencyBudget::Reservation::operator=(
    Reservation&& other) noexcept {
  if (this == &other) return *this;
  Return();
  budget_ = std::exchange(other.budget_, nullptr);
  number_ = other.number_;
  resident_bytes_ = other.resident_bytes_;
  return *this;
}

ResidencyBudget::Reservation::~Reservation() { Return(); }

void ResidencyBudget::Reservation::Settle(int64_t bytes) {
  if (budget_ == nullptr) return;
  absl::MutexLock lock(&budget_->mutex_);
  CHECK_EQ(budget_->pending_.erase(number_), 1u) << "settled twice";
  budget_->resident_bytes_ += bytes;
  resident_bytes_ = bytes;
}

void ResidencyBudget::Reservation::Return() {
  if (budget_ == nullptr) return;
  absl::MutexLock lock(&budget_->mutex_);
  budget_->pending_.erase(number_);
  budget_->resident_bytes_ -= resident_bytes_;
  budget_ = nullptr;
}

ResidencyBudget::ResidencyBudget(int64_t limit_bytes, Available available)
    : limit_bytes_(limit_bytes), available_(std::move(available)) {
  CHECK_GE(limit_bytes, 0);
}

absl::StatusOr<ResidencyBudget::Reservation> ResidencyBudget::Reserve(
    int64_t bytes, Progress progress) {
  CHECK_GE(bytes, 0);
  absl::MutexLock lock(&mutex_);
  if (limit_bytes_ > 0) {
    const int64_t left = LeftOfLimitLocked();
    if (bytes > left) {
      return TooLarge(
          bytes, absl::StrCat(left < 0 ? 0 : left, " of the ", limit_bytes_,
                              " of --host_memory_limit are free"));
    }
  } else {
    const int64_t awaited = AwaitedBytesLocked();
    // Where the system does not say, the load itself finds out.
    const absl::StatusOr<AvailableMemory> available = available_();
    if (available.ok() && bytes > available->bytes - awaited) {
      return TooLarge(bytes,
                      absl::StrCat(available->bytes, " are available (",
                                   available->bound, ") and ", awaited,
                                   " of them promised to running loads"));
    }
  }
  pending_[++last_number_] = {bytes, std::move(progress)};
  return Reservation(this, last_number_);
}

absl::StatusOr<AvailableMemory> ResidencyBudget::Room() const {
  absl::MutexLock lock(&mutex_);
  AvailableMemory room;
  if (limit_bytes_ > 0) {
    room = {LeftOfLimitLocked(), "--host_memory_limit"};
  } else {
    const int64_t awaited = AwaitedBytesLocked();
    ASSIGN_OR_RETURN(room, available_());
    room.bytes -= awaited;
  }
  room.bytes = std::max<int64_t>(0, room.bytes);
  return room;
}

int64_t ResidencyBudget::LeftOfLimitLocked() const {
  int64_t left = limit_bytes_ - resident_bytes_;
  for (const auto& [number, pending] : pending_) left -= pending.bytes;
  return left;
}

// To be asked before the system is: what is read between the two is then
// counted twice, and not left out.
int64_t ResidencyBudget::AwaitedBytesLocked() const {
  int64_t awaited = 0;
  for (const auto& [number, pending] : pending_) {
    awaited += pending.bytes -
               static_cast<int64_t>(static_cast<double>(pending.bytes) *
                                    pending.progress());
  }
  return awaited;
}

}  // namespace transformerd
