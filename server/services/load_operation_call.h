// One LoadModel.
#pragma once

#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/grpcpp.h"
#include "proto/model_service.pb.h"
#include "server/lifecycle/model_repository.h"
#include "server/services/call_record.h"
#include "server/services/serving_context.h"

namespace transformerd {

// Answers with the report when the load is over, or at once where the client
// asked for that. A client that leaves gives its wait up, and with the last one
// the load. Owns itself.
class LoadOperationCall : public grpc::ServerUnaryReactor {
 public:
  // To be returned from the service's method. `response` stays until OnDone.
  static grpc::ServerUnaryReactor* Start(const ServingContext& serving,
                                         grpc::CallbackServerContext& context,
                                         const v1::LoadModelRequest& request,
                                         v1::LoadModelResponse& response);

 private:
  LoadOperationCall(const ServingContext& serving,
                    grpc::CallbackServerContext& context,
                    v1::LoadModelResponse& response);

  void OnCancel() override ABSL_LOCKS_EXCLUDED(mutex_);
  void OnDone() override { delete this; }

  // Starts a load that the call does not wait for, and answers.
  void Detach(const absl::Status& looked, const LoadParameters& parameters);

  // The load is over; and the ticket is known. Whichever comes second answers:
  // a load may be over before the call that started it has returned. `this` may
  // be gone afterwards.
  void OnLoaded(absl::Status outcome) ABSL_LOCKS_EXCLUDED(mutex_);
  void OnStarted(LoadTicket ticket) ABSL_LOCKS_EXCLUDED(mutex_);
  void Answer(const absl::Status& outcome, int64_t operation);
  void End(const absl::Status& status);

  ModelRepository& repository_;
  CallRecord record_;
  v1::LoadModelResponse& response_;
  absl::Mutex mutex_;
  std::optional<LoadTicket> ticket_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::Status> outcome_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace transformerd
