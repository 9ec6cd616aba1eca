// Calls with one request and one response, of whatever service.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "client/call_options.h"
#include "grpcpp/client_context.h"
#include "model/base/status_macros.h"
#include "proto/status_codec.h"

namespace transformerd {

// INVALID_ARGUMENT unless there is time at all.
absl::Status CheckTimeout(absl::Duration timeout);

// Makes the calls of one client: sets their deadlines, and keeps those that
// were started until they are over.
//
// Thread-safe.
class UnaryCalls {
 public:
  // Methods of generated stubs, and of what their async() returns.
  template <typename Stub, typename Request, typename Response>
  using BlockingMethod = grpc::Status (Stub::*)(grpc::ClientContext*,
                                                const Request&, Response*);
  template <typename Stub, typename Request, typename Response>
  using StartingMethod = void (Stub::*)(grpc::ClientContext*, const Request*,
                                        Response*,
                                        std::function<void(grpc::Status)>);

  // `bearer_token` is sent with each call; empty: none.
  explicit UnaryCalls(absl::Duration default_timeout,
                      const std::string& bearer_token = "")
      : default_timeout_(default_timeout), bearer_token_(bearer_token) {}
  ~UnaryCalls() { Close(); }

  UnaryCalls(const UnaryCalls&) = delete;
  UnaryCalls& operator=(const UnaryCalls&) = delete;

  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(Stub& stub,
                                BlockingMethod<Stub, Request, Response> method,
                                const Request& request,
                                const CallOptions& options) const {
    grpc::ClientContext context;
    RETURN_IF_ERROR(Prepare(options, context));
    Response response;
    RETURN_IF_ERROR(
        FromGrpcStatus((stub.*method)(&context, request, &response)));
    return response;
  }

  // Calls `done` with the response or the error exactly once, from any thread;
  // from this one when nothing can be sent, which an error as `request` means.
  template <typename Stub, typename Request, typename Response, typename Done>
  void Start(Stub& stub, StartingMethod<Stub, Request, Response> method,
             absl::StatusOr<Request> request, const CallOptions& options,
             Done done) {
    auto call =
        std::make_shared<StartedCall<Request, Response, Done>>(std::move(done));
    absl::Status status = request.status();
    if (status.ok()) status = Prepare(options, call->context);
    if (status.ok()) status = Keep(call);
    if (!status.ok()) {
      call->done(std::move(status));
      return;
    }
    call->request = *std::move(request);
    (stub.*method)(&call->context, &call->request, &call->response,
                   [this, call = call.get()](const grpc::Status& status) {
                     call->Finish(FromGrpcStatus(status));
                     // Only now: Close() waits for callbacks that still run.
                     Drop(call);
                   });
  }

  // Gives a call of any kind its deadline and token. INVALID_ARGUMENT for a
  // time-out that is not positive.
  absl::Status Prepare(const CallOptions& options,
                       grpc::ClientContext& context) const;

  // Cancels the calls that were started, waits for their callbacks, and lets no
  // more be started. Must not run in a callback.
  void Close();

 private:
  struct AnyCall {
    virtual ~AnyCall() = default;

    grpc::ClientContext context;
  };

  template <typename Request, typename Response, typename Done>
  struct StartedCall : AnyCall {
    explicit StartedCall(Done done) : done(std::move(done)) {}

    // What `done` holds is gone when this returns.
    void Finish(absl::Status status) {
      Done last = std::move(done);
      if (status.ok()) {
        last(std::move(response));
      } else {
        last(std::move(status));
      }
    }

    Request request;
    Response response;
    Done done;
  };

  absl::Status Keep(std::shared_ptr<AnyCall> call);
  void Drop(AnyCall* call);

  const absl::Duration default_timeout_;
  const std::string bearer_token_;
  absl::Mutex mutex_;
  absl::flat_hash_set<std::shared_ptr<AnyCall>> started_
      ABSL_GUARDED_BY(mutex_);
  bool is_closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace transformerd
