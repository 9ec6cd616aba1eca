#include "model/loading/bandwidth_limit.h"

#include <algorithm>

#include "glog/logging.h"

namespace transformerd {
namespace {

constexpr absl::Duration kBurst = absl::Milliseconds(100);
// Reads smaller than a page cost more than they are worth.
constexpr int64_t kMinBurstBytes = 4096;

}  // namespace

BandwidthLimit::BandwidthLimit(int64_t bytes_per_second, Clock& clock)
    : bytes_per_second_(bytes_per_second),
      burst_bytes_(
          std::max(kMinBurstBytes,
                   static_cast<int64_t>(static_cast<double>(bytes_per_second) *
                                        absl::ToDoubleSeconds(kBurst)))),
      clock_(clock),
      full_at_(absl::InfinitePast()) {
  CHECK_GT(bytes_per_second, 0);
}

absl::Status BandwidthLimit::Take(int64_t bytes, LoadControl& control) {
  CHECK_LE(bytes, burst_bytes_);
  return control.SleepUntil(Reserve(bytes));
}

// The bucket may go below empty: that is the queue. Whoever takes waits until
// it has filled up to what he took.
absl::Time BandwidthLimit::Reserve(int64_t bytes) {
  const auto time_of = [this](int64_t count) {
    return absl::Seconds(static_cast<double>(count) /
                         static_cast<double>(bytes_per_second_));
  };
  absl::MutexLock lock(&mutex_);
  const absl::Time now = clock_.Now();
  full_at_ = std::max(full_at_, now) + time_of(bytes);
  return std::max(now, full_at_ - time_of(burst_bytes_));
}

}  // namespace transformerd
