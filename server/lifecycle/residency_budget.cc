#include "server/lifecycle/residency_budget.h"

#include <fstream>
#include <string>
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
          "the weights need ", bytes, " bytes of host memory, ", there)),
      Reason::kResourceLimit);
}

}  // namespace

absl::StatusOr<int64_t> AvailableMemoryBytes() {
  std::ifstream file("/proc/meminfo");
  std::string name, unit;
  int64_t kibibytes = 0;
  while (file >> name >> kibibytes) {
    if (name == "MemAvailable:") return kibibytes * 1024;
    std::getline(file, unit);
  }
  return absl::UnavailableError("'/proc/meminfo' has no MemAvailable");
}

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

ResidencyBudget::ResidencyBudget(int64_t limit_bytes, AvailableBytes available)
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
    const absl::StatusOr<int64_t> available = available_();
    if (available.ok() && bytes > *available - pending_bytes_) {
      return TooLarge(
          bytes, absl::StrCat(*available, " are available and ", pending_bytes_,
                              " of them promised to running loads"));
    }
  }
  pending_bytes_ += bytes;
  return Reservation(this, bytes);
}

}  // namespace transformerd
