// A transport of a real group with faults on order.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include "absl/synchronization/notification.h"
#include "model/loading/transport.h"

namespace transformerd {

// Passes calls on to another transport, except for the faults that a test asks
// for before the load starts.
class FakeTransport : public WeightTransport {
 public:
  // May return an error, throw, or wait.
  using Action = std::function<absl::Status()>;

  explicit FakeTransport(std::unique_ptr<WeightTransport> real)
      : real_(std::move(real)) {}

  // This rank brings the action's status to its Agree number `call`, from 0:
  // the one before the bytes; the next is the one behind them.
  void OnAgree(int call, Action action) { agree_ = {call, std::move(action)}; }
  // Where the action fails this rank's broadcast number `call`, from 0, does
  // so on its side alone.
  void OnBroadcast(int call, Action action) {
    broadcast_ = {call, std::move(action)};
  }
  // This rank brings `status` to Agree, as if it had failed before.
  void FailAgree(absl::Status status) {
    OnAgree(0, [status] { return status; });
  }
  // This rank brings another digest to Agree.
  void ChangeDigest() { digest_change_ = 1; }
  void FailBroadcast(int call, absl::Status status) {
    OnBroadcast(call, [status] { return status; });
  }

  // An action: waits until the group is aborted, and then goes on.
  absl::Status StallUntilAborted() {
    aborted_.WaitForNotification();
    return absl::OkStatus();
  }

  int broadcasts() const { return broadcasts_; }

  int rank() const override { return real_->rank(); }
  int world_size() const override { return real_->world_size(); }

  absl::Status Agree(absl::Status mine, uint64_t digest) override {
    mine.Update(agree_.Count());
    return real_->Agree(std::move(mine), digest ^ digest_change_);
  }

  absl::Status Broadcast(absl::Span<std::byte> bytes, int root) override {
    ++broadcasts_;
    if (absl::Status fault = broadcast_.Count(); !fault.ok()) return fault;
    return real_->Broadcast(bytes, root);
  }

  absl::Status Flush() override { return real_->Flush(); }

  void Abort(absl::Status status) override {
    real_->Abort(std::move(status));
    if (!is_aborted_.exchange(true)) aborted_.Notify();
  }

 private:
  struct Fault {
    int call = -1;
    Action action;
    int calls = 0;

    absl::Status Count() {
      return calls++ == call ? action() : absl::OkStatus();
    }
  };

  const std::unique_ptr<WeightTransport> real_;
  Fault agree_, broadcast_;
  uint64_t digest_change_ = 0;
  std::atomic<int> broadcasts_ = 0;
  std::atomic<bool> is_aborted_ = false;
  absl::Notification aborted_;
};

}  // namespace transformerd
