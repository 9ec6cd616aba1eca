#include "model/loading/rendezvous.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "glog/logging.h"

namespace transformerd {

absl::Status Rendezvous::CheckAgreement(absl::Span<const Arrival> arrivals) {
  std::vector<int> dissenters;
  for (size_t rank = 0; rank < arrivals.size(); ++rank) {
    if (!arrivals[rank].status.ok()) return arrivals[rank].status;
    if (arrivals[rank].digest != arrivals[0].digest) dissenters.push_back(rank);
  }
  if (dissenters.empty()) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat("the load plan of rank 0 is not that of rank ",
                   absl::StrJoin(dissenters, ", ")));
}

absl::Status Rendezvous::CheckBroadcast(absl::Span<const Arrival> arrivals) {
  const Arrival& first = arrivals[0];
  for (size_t rank = 1; rank < arrivals.size(); ++rank) {
    const Arrival& other = arrivals[rank];
    if (other.bytes.size() != first.bytes.size() || other.root != first.root) {
      return absl::InternalError(absl::StrCat(
          "broadcast: rank ", rank, " expects ", other.bytes.size(),
          " bytes from rank ", other.root, ", rank 0 expects ",
          first.bytes.size(), " from rank ", first.root));
    }
  }
  return absl::OkStatus();
}

absl::Status Rendezvous::Check(absl::Span<const Arrival> arrivals) {
  for (const Arrival& arrival : arrivals) {
    if (arrival.call != arrivals[0].call) {
      return absl::InternalError("ranks are in different calls");
    }
  }
  return arrivals[0].call == Arrival::Call::kAgree ? CheckAgreement(arrivals)
                                                   : CheckBroadcast(arrivals);
}

absl::Status Rendezvous::Agree(int rank, absl::Status mine, uint64_t digest) {
  Arrival arrival;
  arrival.call = Arrival::Call::kAgree;
  arrival.status = std::move(mine);
  arrival.digest = digest;
  return Meet(rank, std::move(arrival));
}

absl::Status Rendezvous::MeetForBroadcast(int rank, absl::Span<std::byte> bytes,
                                          int root) {
  CHECK(root >= 0 && root < world_size()) << "no rank " << root;
  Arrival arrival;
  arrival.call = Arrival::Call::kBroadcast;
  arrival.bytes = bytes;
  arrival.root = root;
  return Meet(rank, std::move(arrival));
}

absl::Status Rendezvous::Meet(int rank, Arrival arrival) {
  absl::MutexLock lock(&mutex_);
  if (!aborted_.ok()) return aborted_;
  arrivals_[rank] = std::move(arrival);
  arrived_.push_back(rank);
  const int64_t round = round_;
  if (arrived_.size() == arrivals_.size()) CompleteRoundLocked();
  const auto is_over = [this, round] {
    mutex_.AssertHeld();
    return round_ != round || !aborted_.ok();
  };
  if (!mutex_.AwaitWithTimeout(absl::Condition(&is_over), timeout_)) {
    aborted_ = TimedOutLocked();
  }
  // The next round cannot complete without this rank, so the verdict is still
  // that on its own round.
  return round_ != round ? verdict_ : aborted_;
}

void Rendezvous::CompleteRoundLocked() {
  verdict_ = Check(arrivals_);
  aborted_.Update(verdict_);
  arrived_.clear();
  ++round_;
}

absl::Status Rendezvous::TimedOutLocked() const {
  std::vector<int> absent;
  for (int rank = 0; rank < static_cast<int>(arrivals_.size()); ++rank) {
    if (std::find(arrived_.begin(), arrived_.end(), rank) == arrived_.end()) {
      absent.push_back(rank);
    }
  }
  return absl::DeadlineExceededError(absl::StrCat(
      "rank ", absl::StrJoin(absent, ", "), " kept the others waiting for ",
      absl::FormatDuration(timeout_)));
}

absl::Span<const std::byte> Rendezvous::BytesOf(int rank) const {
  absl::MutexLock lock(&mutex_);
  return arrivals_[rank].bytes;
}

void Rendezvous::Abort(absl::Status status) {
  CHECK(!status.ok()) << "an abort needs a reason";
  absl::MutexLock lock(&mutex_);
  aborted_.Update(std::move(status));
}

absl::Status Rendezvous::failure() const {
  absl::MutexLock lock(&mutex_);
  return aborted_;
}

}  // namespace transformerd
