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
      bytes_(other.bytes_),
      settled_(other.settled_) {}

ResidencyBudget::Reservation& ResidencyBudget::Reservation::operator=(
    Reservation&& other) noexcept {
  if (this == &other) return *this;
  Return();
  budget_ = std::exchange(other.budget_, nullptr);
  bytes_ = other.bytes_;
  settled_ = other.settled_;
  return *this;
}

ResidencyBudget::Reservation::~Reservation() { Return(); }

void ResidencyBudget::Reservation::Settle(int64_t bytes) {
  if (budget_ == nullptr) return;
  CHECK(!settled_);
  absl::MutexLock lock(&budget_->mutex_);
  budget_->pending_bytes_ -= bytes_;
  budget_->resident_bytes_ += bytes;
  bytes_ = bytes;
  settled_ = true;
}

void ResidencyBudget::Reservation::Return() {
  if (budget_ == nullptr) return;
  absl::MutexLock lock(&budget_->mutex_);
  (settled_ ? budget_->resident_bytes_ : budget_->pending_bytes_) -= bytes_;
  budget_ = nullptr;
}

ResidencyBudget::ResidencyBudget(int64_t limit_bytes, Available available)
    : limit_bytes_(limit_bytes), available_(std::move(available)) {
  CHECK_GE(limit_bytes, 0);
}

absl::StatusOr<ResidencyBudget::Reservation> ResidencyBudget::Reserve(
    int64_t bytes) {
  CHECK_GE(bytes, 0);
  absl::MutexLock lock(&mutex_);
  if (limit_bytes_ > 0) {
    const int64_t left = limit_bytes_ - pending_bytes_ - resident_bytes_;
    if (bytes > left) {
      return TooLarge(
          bytes, absl::StrCat(left < 0 ? 0 : left, " of the ", limit_bytes_,
                              " of --host_memory_limit are free"));
    }
  } else {
    // Where the system does not say, the load itself finds out.
    const absl::StatusOr<AvailableMemory> available = available_();
    if (available.ok() && bytes > available->bytes - pending_bytes_) {
      return TooLarge(bytes,
                      absl::StrCat(available->bytes, " are available (",
                                   available->bound, ") and ", pending_bytes_,
                                   " of them promised to running loads"));
    }
  }
  pending_bytes_ += bytes;
  return Reservation(this, bytes);
}

absl::StatusOr<AvailableMemory> ResidencyBudget::Room() const {
  absl::MutexLock lock(&mutex_);
  AvailableMemory room;
  if (limit_bytes_ > 0) {
    room = {limit_bytes_ - pending_bytes_ - resident_bytes_,
            "--host_memory_limit"};
  } else {
    ASSIGN_OR_RETURN(room, available_());
    room.bytes -= pending_bytes_;
  }
  room.bytes = std::max<int64_t>(0, room.bytes);
  return room;
}

}  // namespace transformerd
