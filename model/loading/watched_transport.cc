#include "model/loading/watched_transport.h"

#include <utility>

namespace transformerd {
namespace {

// From its construction to its destruction, also where a call throws.
class Watch {
 public:
  Watch(LoadControl& control, int rank) : control_(control), rank_(rank) {
    control_.BeginCollective(rank_);
  }
  ~Watch() { control_.EndCollective(rank_); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  LoadControl& control_;
  const int rank_;
};

}  // namespace

absl::Status WatchedTransport::Agree(absl::Status mine, uint64_t digest) {
  const Watch watch(control_, rank());
  return transport_.Agree(std::move(mine), digest);
}

absl::Status WatchedTransport::Broadcast(absl::Span<std::byte> bytes,
                                         int root) {
  const Watch watch(control_, rank());
  return transport_.Broadcast(bytes, root);
}

absl::Status WatchedTransport::Flush() {
  const Watch watch(control_, rank());
  return transport_.Flush();
}

void WatchedTransport::Abort(absl::Status status) {
  transport_.Abort(std::move(status));
}

}  // namespace transformerd
