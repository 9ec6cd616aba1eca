// The state machines of single health calls on a completion queue.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>

#include "grpcpp/grpcpp.h"
#include "proto/health.grpc.pb.h"
#include "server/services/health_state.h"

namespace transformerd {

// What a completion queue gives back when an operation has ended; `ok` is
// false where it did not happen.
using CompletionHandler = std::function<void(bool ok)>;

class HealthWatchCall;

// What the calls of one health service share. Used by its thread alone.
struct HealthCallContext {
  HealthState& state;
  grpc::health::v1::Health::AsyncService service;
  std::unique_ptr<grpc::ServerCompletionQueue> queue;
  // Streams that want to hear of changes.
  std::set<HealthWatchCall*> watches;
};

// One Check. Deletes itself.
class HealthCheckCall {
 public:
  // Waits for a client; once one is there, the next call waits.
  static void Listen(HealthCallContext& context);

 private:
  explicit HealthCheckCall(HealthCallContext& context);

  void OnRequest(bool ok);

  HealthCallContext& context_;
  grpc::ServerContext server_context_;
  grpc::health::v1::HealthCheckRequest request_;
  grpc::ServerAsyncResponseWriter<grpc::health::v1::HealthCheckResponse>
      responder_;
  CompletionHandler on_request_, on_finish_;
};

// One Watch: the status at once and after every change, until the client
// leaves or the daemon drains. Deletes itself.
//
//   listening -> idle <-> writing; idle -> finishing -> gone;
//   idle or writing -> gone (client left)
class HealthWatchCall {
 public:
  static void Listen(HealthCallContext& context);

  // Sends the status if it is not the one sent last; ends the call when the
  // daemon drains. Never deletes.
  void Refresh();

 private:
  explicit HealthWatchCall(HealthCallContext& context);

  void OnRequest(bool ok);
  void OnOperationEnded();
  void OnCallEnded();
  void DeleteIfGone();

  HealthCallContext& context_;
  grpc::ServerContext server_context_;
  grpc::health::v1::HealthCheckRequest request_;
  grpc::ServerAsyncWriter<grpc::health::v1::HealthCheckResponse> writer_;
  CompletionHandler on_request_, on_write_, on_finish_, on_call_ended_;

  std::optional<grpc::health::v1::HealthCheckResponse::ServingStatus> sent_;
  bool is_busy_ = false;  // a write or the finish is under way
  bool is_finished_ = false;
  bool has_ended_ = false;  // gRPC is through with the call
};

}  // namespace transformerd
