#include "model/loading/in_process.h"

#include <cstring>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "glog/logging.h"
#include "model/base/status_macros.h"
#include "model/loading/rendezvous.h"

namespace transformerd {
namespace {

// The state that the ranks share. Thread-safe.
//
// A broadcast that all ranks have met for runs to its end even if the group is
// aborted meanwhile, because receivers may be copying out of the root's buffer.
class Group {
 public:
  Group(int world_size, absl::Duration timeout)
      : rendezvous_(world_size, timeout) {}

  Rendezvous& rendezvous() { return rendezvous_; }

  absl::Status Broadcast(int rank, absl::Span<std::byte> bytes, int root) {
    RETURN_IF_ERROR(rendezvous_.MeetForBroadcast(rank, bytes, root));
    if (rank == root) {
      AwaitReceivers();
      return rendezvous_.failure();
    }
    const absl::Span<const std::byte> source = rendezvous_.BytesOf(root);
    if (!source.empty()) {
      std::memcpy(bytes.data(), source.data(), source.size());
    }
    FinishCopy();
    return rendezvous_.failure();
  }

 private:
  void FinishCopy() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    ++copied_;
  }

  // Once a broadcast is met for, no receiver can fail to copy.
  void AwaitReceivers() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    const auto are_done = [this] {
      mutex_.AssertHeld();
      return copied_ == rendezvous_.world_size() - 1;
    };
    mutex_.Await(absl::Condition(&are_done));
    copied_ = 0;
  }

  Rendezvous rendezvous_;
  absl::Mutex mutex_;
  // Receivers that have copied what the root of this broadcast sends. There is
  // no other before the root has come back for it.
  int copied_ ABSL_GUARDED_BY(mutex_) = 0;
};

class InProcessTransport : public WeightTransport {
 public:
  InProcessTransport(int rank, std::shared_ptr<Group> group)
      : rank_(rank), group_(std::move(group)) {}

  int rank() const override { return rank_; }
  int world_size() const override { return group_->rendezvous().world_size(); }

  absl::Status Agree(absl::Status mine, uint64_t digest) override {
    return group_->rendezvous().Agree(rank_, std::move(mine), digest);
  }

  absl::Status Broadcast(absl::Span<std::byte> bytes, int root) override {
    return group_->Broadcast(rank_, bytes, root);
  }

  absl::Status Flush() override { return group_->rendezvous().failure(); }

  void Abort(absl::Status status) override {
    group_->rendezvous().Abort(std::move(status));
  }

 private:
  const int rank_;
  const std::shared_ptr<Group> group_;
};

}  // namespace

std::vector<std::unique_ptr<WeightTransport>> MakeInProcessGroup(
    int world_size, absl::Duration timeout) {
  CHECK_GE(world_size, 1);
  const auto group = std::make_shared<Group>(world_size, timeout);
  std::vector<std::unique_ptr<WeightTransport>> transports;
  transports.reserve(world_size);
  for (int rank = 0; rank < world_size; ++rank) {
    transports.push_back(std::make_unique<InProcessTransport>(rank, group));
  }
  return transports;
}

}  // namespace transformerd
