#include "model/loading/in_process.h"

#include <cstring>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "glog/logging.h"

namespace transformerd {
namespace {

// What a rank brings to a rendezvous.
struct Arrival {
  enum class Call { kAgree, kBroadcast };
  Call call = Call::kAgree;
  absl::Status status;          // of kAgree
  uint64_t digest = 0;          // of kAgree
  absl::Span<std::byte> bytes;  // of kBroadcast
  int root = 0;                 // of kBroadcast
};

absl::Status CheckAgreement(absl::Span<const Arrival> arrivals) {
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

absl::Status CheckBroadcast(absl::Span<const Arrival> arrivals) {
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

absl::Status CheckArrivals(absl::Span<const Arrival> arrivals) {
  for (const Arrival& arrival : arrivals) {
    if (arrival.call != arrivals[0].call) {
      return absl::InternalError("ranks are in different calls");
    }
  }
  return arrivals[0].call == Arrival::Call::kAgree ? CheckAgreement(arrivals)
                                                   : CheckBroadcast(arrivals);
}

// The state that the ranks share. Thread-safe.
//
// A round is one call of all ranks. It completes when the last rank arrives,
// which judges what all of them brought. A round that is complete runs to its
// end even if the group is aborted meanwhile, because receivers may be copying
// out of the root's buffer.
class Group {
 public:
  explicit Group(int world_size) : arrivals_(world_size) {}

  absl::Status Agree(int rank, absl::Status mine, uint64_t digest)
      ABSL_LOCKS_EXCLUDED(mutex_) {
    Arrival arrival;
    arrival.call = Arrival::Call::kAgree;
    arrival.status = std::move(mine);
    arrival.digest = digest;
    absl::MutexLock lock(&mutex_);
    return MeetLocked(rank, std::move(arrival));
  }

  absl::Status Broadcast(int rank, absl::Span<std::byte> bytes, int root)
      ABSL_LOCKS_EXCLUDED(mutex_) {
    Arrival arrival;
    arrival.call = Arrival::Call::kBroadcast;
    arrival.bytes = bytes;
    arrival.root = root;
    absl::ReleasableMutexLock lock(&mutex_);
    const absl::Status met = MeetLocked(rank, std::move(arrival));
    if (!met.ok()) return met;
    if (rank == root) {
      AwaitReceiversLocked();
      return aborted_;
    }
    const absl::Span<const std::byte> source = arrivals_[root].bytes;
    lock.Release();
    if (!source.empty()) {
      std::memcpy(bytes.data(), source.data(), source.size());
    }
    return FinishCopy();
  }

  void Abort(absl::Status status) ABSL_LOCKS_EXCLUDED(mutex_) {
    CHECK(!status.ok()) << "an abort needs a reason";
    absl::MutexLock lock(&mutex_);
    aborted_.Update(std::move(status));
  }

 private:
  // Waits until all ranks have arrived and returns the verdict on the round.
  absl::Status MeetLocked(int rank, Arrival arrival)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!aborted_.ok()) return aborted_;
    arrivals_[rank] = std::move(arrival);
    const int64_t round = round_;
    if (++arrived_ == static_cast<int>(arrivals_.size())) {
      CompleteRoundLocked();
    }
    const auto is_over = [this, round] {
      mutex_.AssertHeld();
      return round_ != round || !aborted_.ok();
    };
    mutex_.Await(absl::Condition(&is_over));
    // The next round cannot complete without this rank, so the verdict is
    // still that on its own round.
    return round_ != round ? verdict_ : aborted_;
  }

  void CompleteRoundLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    verdict_ = CheckArrivals(arrivals_);
    if (!verdict_.ok()) {
      aborted_ = verdict_;
    } else if (arrivals_[0].call == Arrival::Call::kBroadcast) {
      copying_ = static_cast<int>(arrivals_.size()) - 1;
    }
    arrived_ = 0;
    ++round_;
  }

  void AwaitReceiversLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto is_copied = [this] {
      mutex_.AssertHeld();
      return copying_ == 0;
    };
    mutex_.Await(absl::Condition(&is_copied));
  }

  absl::Status FinishCopy() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    --copying_;
    return aborted_;
  }

  absl::Mutex mutex_;
  // One a rank: what it brought to its latest call.
  std::vector<Arrival> arrivals_ ABSL_GUARDED_BY(mutex_);
  int arrived_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t round_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status verdict_ ABSL_GUARDED_BY(mutex_);  // on the latest round
  int copying_ ABSL_GUARDED_BY(mutex_) = 0;       // receivers not done
  absl::Status aborted_ ABSL_GUARDED_BY(mutex_);  // OK: not aborted
};

class InProcessTransport : public WeightTransport {
 public:
  InProcessTransport(int rank, int world_size, std::shared_ptr<Group> group)
      : rank_(rank), world_size_(world_size), group_(std::move(group)) {}

  int rank() const override { return rank_; }
  int world_size() const override { return world_size_; }

  absl::Status Agree(absl::Status mine, uint64_t digest) override {
    return group_->Agree(rank_, std::move(mine), digest);
  }

  absl::Status Broadcast(absl::Span<std::byte> bytes, int root) override {
    CHECK(root >= 0 && root < world_size_) << "no rank " << root;
    return group_->Broadcast(rank_, bytes, root);
  }

  void Abort(absl::Status status) override { group_->Abort(std::move(status)); }

 private:
  const int rank_;
  const int world_size_;
  const std::shared_ptr<Group> group_;
};

}  // namespace

std::vector<std::unique_ptr<WeightTransport>> MakeInProcessGroup(
    int world_size) {
  CHECK_GE(world_size, 1);
  const auto group = std::make_shared<Group>(world_size);
  std::vector<std::unique_ptr<WeightTransport>> transports;
  transports.reserve(world_size);
  for (int rank = 0; rank < world_size; ++rank) {
    transports.push_back(
        std::make_unique<InProcessTransport>(rank, world_size, group));
  }
  return transports;
}

}  // namespace transformerd
