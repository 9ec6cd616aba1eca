// One RepositoryModelLoad.
#pragma once

#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/grpcpp.h"
#include "proto/inference.pb.h"
#include "server/lifecycle/model_repository.h"
#include "server/services/call_record.h"
#include "server/services/serving_context.h"

namespace transformerd {

// Answers when the model is ready or its load has failed. A client that leaves
// gives its wait up, and with the last one the load. Owns itself.
class LoadCall : public grpc::ServerUnaryReactor {
 public:
  // To be returned from the service's method.
  static grpc::ServerUnaryReactor* Start(
      const ServingContext& serving, grpc::CallbackServerContext& context,
      const inference::RepositoryModelLoadRequest& request);

 private:
  LoadCall(const ServingContext& serving, grpc::CallbackServerContext& context);

  void OnCancel() override ABSL_LOCKS_EXCLUDED(mutex_);
  void OnDone() override { delete this; }

  // `this` may be gone afterwards.
  void End(const absl::Status& status);

  ModelRepository& repository_;
  CallRecord record_;
  absl::Mutex mutex_;
  std::optional<LoadTicket> ticket_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace transformerd
