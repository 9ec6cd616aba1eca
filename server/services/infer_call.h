// One ModelInfer from its request to its answer.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "grpcpp/grpcpp.h"
#include "proto/inference.pb.h"
#include "server/scheduling/job.h"
#include "server/scheduling/scheduler.h"
#include "server/services/call_record.h"
#include "server/services/model_queues.h"
#include "server/services/request_validator.h"
#include "server/services/serving_context.h"

namespace transformerd {

// Checks the request, queues it, and answers on the thread that completes the
// job. A client that leaves takes its job out of the queue. Owns itself: gRPC
// tells when nothing refers to it any more.
class InferCall : public grpc::ServerUnaryReactor {
 public:
  // To be returned from the service's method.
  static grpc::ServerUnaryReactor* Start(
      const ServingContext& serving, const grpc::CallbackServerContext& context,
      const inference::ModelInferRequest& request,
      inference::ModelInferResponse& response);

 private:
  InferCall(const ServingContext& serving,
            const grpc::CallbackServerContext& context,
            const inference::ModelInferRequest& request,
            inference::ModelInferResponse& response);

  void OnCancel() override ABSL_LOCKS_EXCLUDED(mutex_);
  void OnDone() override { delete this; }

  // Up to the queue. On OK OnJobDone is called, or was.
  absl::Status Submit() ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Time Deadline(const RequestParameters& parameters) const;
  void OnJobDone(absl::StatusOr<JobResult> result);
  void WriteAnswer(InferenceOutput output);
  // The call's one end. `this` may be gone afterwards.
  void End(const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);

  const ServingContext& serving_;
  const grpc::CallbackServerContext& context_;
  const inference::ModelInferRequest& request_;
  inference::ModelInferResponse& response_;
  CallRecord record_;
  // Of the model; those of no model until it is found.
  ModelMetrics* model_metrics_;

  // Set before the job is submitted, used when it is done.
  std::shared_ptr<const ModelQueue> queue_;
  std::vector<int> outputs_;
  bool raw_outputs_ = false;
  absl::Duration decode_time_;

  absl::Mutex mutex_;
  std::optional<JobTicket> ticket_ ABSL_GUARDED_BY(mutex_);
  bool has_ended_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace transformerd
