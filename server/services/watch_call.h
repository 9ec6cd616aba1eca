// One WatchModel.
#pragma once

#include <deque>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/grpcpp.h"
#include "proto/model_service.pb.h"
#include "server/scheduling/ticker.h"
#include "server/services/call_record.h"
#include "server/services/model_watch.h"
#include "server/services/serving_context.h"

namespace transformerd {

// Looks at each tick what is new and sends it. While a client is slow to take
// what there is, nothing more is looked at: phases wait in the load's history.
// Ends when the watch is over, when the client leaves, and when the daemon
// drains and no load runs, as open streams would hold its shutdown. Owns
// itself.
class WatchCall : public grpc::ServerWriteReactor<v1::WatchModelResponse>,
                  public TickListener {
 public:
  // To be returned from the service's method.
  static grpc::ServerWriteReactor<v1::WatchModelResponse>* Start(
      const ServingContext& serving, grpc::CallbackServerContext& context,
      Ticker& ticker, const v1::WatchModelRequest& request);

  void OnTick() override ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  WatchCall(const ServingContext& serving, grpc::CallbackServerContext& context,
            const v1::WatchModelRequest& request);

  static void Begin(const std::shared_ptr<WatchCall>& call, Ticker& ticker);

  void OnWriteDone(bool ok) override ABSL_LOCKS_EXCLUDED(mutex_);
  void OnCancel() override ABSL_LOCKS_EXCLUDED(mutex_);
  void OnDone() override { self_.reset(); }

  void LookLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Sends the first of what is queued, or ends the call where that is due.
  void GoOnLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EndLocked(const absl::Status& status)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const HealthState& health_;
  // Until gRPC is through with the call.
  std::shared_ptr<WatchCall> self_;

  absl::Mutex mutex_;
  CallRecord record_ ABSL_GUARDED_BY(mutex_);
  ModelWatch watch_ ABSL_GUARDED_BY(mutex_);
  // The front is being written while is_writing_.
  std::deque<v1::WatchModelResponse> queue_ ABSL_GUARDED_BY(mutex_);
  bool is_writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool has_missed_tick_ ABSL_GUARDED_BY(mutex_) = false;  // by writing
  bool is_cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool has_ended_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace transformerd
