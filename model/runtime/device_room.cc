#include "model/runtime/device_room.h"

#include <algorithm>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "glog/logging.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"
#include "model/reference/tensor_memory.h"

namespace transformerd {

struct DeviceRoom::Held {
  absl::Mutex mutex;
  DeviceBytes bytes ABSL_GUARDED_BY(mutex);
};

DeviceRoom::DeviceRoom(int64_t limit_bytes)
    : limit_bytes_(limit_bytes), held_(std::make_shared<Held>()) {
  CHECK_GE(limit_bytes, 0);
}

DeviceBytes DeviceRoom::Free(absl::Span<const Device> devices) const {
  DeviceBytes free;
  absl::MutexLock lock(&held_->mutex);
  for (const Device& device : devices) {
    if (device.is_cpu()) continue;
    const absl::StatusOr<int64_t> bytes = FreeMemoryOf(device);
    if (bytes.ok()) free[NameOf(device)] = *bytes;
    if (limit_bytes_ == 0) continue;
    const int64_t left = LeftOfLimit(device);
    free[NameOf(device)] = bytes.ok() ? std::min(*bytes, left) : left;
  }
  return free;
}

absl::StatusOr<DeviceRoom::Reservation> DeviceRoom::Reserve(
    absl::Span<const Device> devices, int64_t bytes) const {
  Reservation reservation;
  absl::MutexLock lock(&held_->mutex);
  for (const Device& device : devices) {
    if (device.is_cpu()) continue;
    RETURN_IF_ERROR(Check(device, bytes));
    reservation.bytes_[NameOf(device)] = bytes;
  }
  for (const auto& [device, more] : reservation.bytes_) {
    held_->bytes[device] += more;
  }
  reservation.held_ = held_;
  return reservation;
}

int64_t DeviceRoom::LeftOfLimit(const Device& device) const
    ABSL_NO_THREAD_SAFETY_ANALYSIS {
  const auto found = held_->bytes.find(NameOf(device));
  const int64_t held = found == held_->bytes.end() ? 0 : found->second;
  return limit_bytes_ - held;
}

absl::Status DeviceRoom::Check(const Device& device, int64_t bytes) const {
  const auto refuse = [&](absl::string_view there) {
    return WithReason(
        absl::ResourceExhaustedError(absl::StrCat(
            "weights of ", bytes, " bytes on ", NameOf(device), ": ", there)),
        Reason::kResourceLimit);
  };
  if (limit_bytes_ > 0 && bytes > LeftOfLimit(device)) {
    return refuse(absl::StrCat(LeftOfLimit(device), " of the ", limit_bytes_,
                               " bytes of device_memory_limit are free there"));
  }
  const absl::StatusOr<int64_t> free = FreeMemoryOf(device);
  // Where the device does not say, the load itself finds out.
  if (!free.ok() || bytes <= *free) return absl::OkStatus();
  return refuse(absl::StrCat(*free, " bytes are free there"));
}

DeviceRoom::Reservation& DeviceRoom::Reservation::operator=(
    Reservation&& other) noexcept {
  if (this == &other) return *this;
  Return();
  held_ = std::move(other.held_);
  bytes_ = std::move(other.bytes_);
  return *this;
}

DeviceRoom::Reservation::~Reservation() { Return(); }

void DeviceRoom::Reservation::Return() {
  if (held_ == nullptr) return;
  absl::MutexLock lock(&held_->mutex);
  for (const auto& [device, bytes] : bytes_) held_->bytes[device] -= bytes;
}

}  // namespace transformerd
