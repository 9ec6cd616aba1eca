// A transport of a real group with faults on order.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "model/loading/transport.h"

namespace transformerd {

// Passes calls on to another transport, except for the faults that a test asks
// for before the load starts.
class FakeTransport : public WeightTransport {
 public:
  explicit FakeTransport(std::unique_ptr<WeightTransport> real)
      : real_(std::move(real)) {}

  // This rank brings `status` to Agree, as if it had failed before.
  void FailAgree(absl::Status status) { agree_ = std::move(status); }
  // This rank brings another digest to Agree.
  void ChangeDigest() { digest_change_ = 1; }
  // This rank's broadcast number `call`, from 0, fails on its side alone.
  void FailBroadcast(int call, absl::Status status) {
    failing_call_ = call;
    broadcast_ = std::move(status);
  }

  int broadcasts() const { return broadcasts_; }

  int rank() const override { return real_->rank(); }
  int world_size() const override { return real_->world_size(); }

  absl::Status Agree(absl::Status mine, uint64_t digest) override {
    mine.Update(agree_);
    return real_->Agree(std::move(mine), digest ^ digest_change_);
  }

  absl::Status Broadcast(absl::Span<std::byte> bytes, int root) override {
    if (broadcasts_++ == failing_call_) return broadcast_;
    return real_->Broadcast(bytes, root);
  }

  void Abort(absl::Status status) override { real_->Abort(std::move(status)); }

 private:
  const std::unique_ptr<WeightTransport> real_;
  absl::Status agree_;
  absl::Status broadcast_;
  uint64_t digest_change_ = 0;
  int failing_call_ = -1;
  std::atomic<int> broadcasts_ = 0;
};

}  // namespace transformerd
