// A transport whose waits are seen from outside.
#pragma once

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "model/loading/load_control.h"
#include "model/loading/transport.h"

namespace transformerd {

// Passes every call on to another transport, and tells the load's control while
// a thread is in one. Both must outlive this.
class WatchedTransport : public WeightTransport {
 public:
  WatchedTransport(WeightTransport& transport, LoadControl& control)
      : transport_(transport), control_(control) {}

  int rank() const override { return transport_.rank(); }
  int world_size() const override { return transport_.world_size(); }
  absl::Status Agree(absl::Status mine, uint64_t digest) override;
  absl::Status Broadcast(absl::Span<std::byte> bytes, int root) override;
  absl::Status Flush() override;
  void Abort(absl::Status status) override;

 private:
  WeightTransport& transport_;
  LoadControl& control_;
};

}  // namespace transformerd
