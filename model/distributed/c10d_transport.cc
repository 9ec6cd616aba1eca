#include "model/distributed/c10d_transport.h"

#include <ATen/ops/from_blob.h>
#include <c10/util/env.h>

#include <atomic>
#include <deque>
#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"
#include "model/loading/rendezvous.h"
#include "model/reference/tensors.h"

namespace transformerd {
namespace {

std::atomic<bool> is_prepared = false;

// Bytes of every dtype travel as uint8: Gloo knows neither int16 nor float8.
at::Tensor ByteTensor(absl::Span<std::byte> bytes, c10::Device device) {
  return at::from_blob(bytes.data(), {static_cast<int64_t>(bytes.size())},
                       at::TensorOptions(at::kByte).device(device));
}

class C10dTransport : public WeightTransport {
 public:
  C10dTransport(int rank, const C10dBackend& backend,
                std::shared_ptr<Rendezvous> rendezvous)
      : rank_(rank), backend_(backend), rendezvous_(std::move(rendezvous)) {}

  ~C10dTransport() override { Flush().IgnoreError(); }

  int rank() const override { return rank_; }
  int world_size() const override { return rendezvous_->world_size(); }

  absl::Status Agree(absl::Status mine, uint64_t digest) override {
    RETURN_IF_ERROR(rendezvous_->Agree(rank_, std::move(mine), digest));
    if (is_connected_) return absl::OkStatus();
    RETURN_IF_ERROR(Connect());
    return rendezvous_->Agree(rank_, absl::OkStatus(), digest);
  }

  absl::Status Broadcast(absl::Span<std::byte> bytes, int root) override {
    RETURN_IF_ERROR(rendezvous_->MeetForBroadcast(rank_, bytes, root));
    if (bytes.empty() || world_size() == 1) return rendezvous_->failure();
    RETURN_IF_ERROR(Checked(CatchTorch([&] { return Start(bytes, root); })));
    while (pending_.size() > backend_.max_in_flight) {
      RETURN_IF_ERROR(AwaitOldest());
    }
    return rendezvous_->failure();
  }

  absl::Status Flush() override {
    while (!pending_.empty()) AwaitOldest().IgnoreError();
    return rendezvous_->failure();
  }

  void Abort(absl::Status status) override {
    rendezvous_->Abort(std::move(status));
  }

 private:
  absl::Status Connect() {
    is_connected_ = true;
    if (world_size() == 1) return absl::OkStatus();
    return Checked(CatchTorch([this] {
      group_ = backend_.connect(rank_);
      return absl::OkStatus();
    }));
  }

  absl::Status Start(absl::Span<std::byte> bytes, int root) {
    std::vector<at::Tensor> tensors = {
        ByteTensor(bytes, backend_.devices[rank_])};
    c10d::BroadcastOptions options;
    options.rootRank = root;
    options.asyncOp = true;
    pending_.push_back(group_->broadcast(tensors, options));
    return absl::OkStatus();
  }

  absl::Status AwaitOldest() {
    const c10::intrusive_ptr<c10d::Work> work = pending_.front();
    pending_.pop_front();
    return Checked(CatchTorch([&work] {
      // Without a time-out: the group has one, after which it also lets go of
      // the buffer.
      work->wait();
      return absl::OkStatus();
    }));
  }

  // Hands a status of c10d through; an error becomes that of all ranks.
  absl::Status Checked(const absl::Status& status) {
    if (status.ok()) return status;
    rendezvous_->Abort(
        Annotate(status, absl::StrCat(backend_.name, ", rank ", rank_)));
    // What else is under way ends, by itself or because the peers close theirs;
    // the destructor waits for it.
    group_.reset();
    return rendezvous_->failure();
  }

  const int rank_;
  const C10dBackend backend_;
  const std::shared_ptr<Rendezvous> rendezvous_;
  bool is_connected_ = false;
  c10::intrusive_ptr<c10d::Backend> group_;
  std::deque<c10::intrusive_ptr<c10d::Work>> pending_;
};

}  // namespace

void PrepareC10d() {
  // Its number of entries; read from the environment only.
  c10::utils::set_env("TORCH_FR_BUFFER_SIZE", "0", /*overwrite=*/true);
  is_prepared = true;
}

absl::Status CheckC10dIsPrepared() {
  if (is_prepared) return absl::OkStatus();
  return absl::InternalError("PrepareTransports was not called");
}

std::vector<std::unique_ptr<WeightTransport>> MakeC10dGroup(
    const C10dBackend& backend, absl::Duration timeout) {
  const int world_size = static_cast<int>(backend.devices.size());
  const auto rendezvous = std::make_shared<Rendezvous>(world_size, timeout);
  std::vector<std::unique_ptr<WeightTransport>> transports;
  transports.reserve(world_size);
  for (int rank = 0; rank < world_size; ++rank) {
    transports.push_back(
        std::make_unique<C10dTransport>(rank, backend, rendezvous));
  }
  return transports;
}

}  // namespace transformerd
