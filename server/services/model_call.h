// What calls that use a model have in common.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "grpcpp/grpcpp.h"
#include "server/metrics/model_statistics.h"
#include "server/scheduling/scheduler.h"
#include "server/services/call_record.h"
#include "server/services/inference_run.h"
#include "server/services/model_queues.h"
#include "server/services/serving_context.h"

namespace transformerd {

// Finds the model, holds on to it until the call ends, and counts the call. A
// client that leaves cancels what was not computed. Owns itself: gRPC tells
// when nothing refers to it any more.
class ModelCall : public grpc::ServerUnaryReactor {
 protected:
  // `service` and `method` must be constants.
  ModelCall(const ServingContext& serving, grpc::CallbackServerContext& context,
            absl::string_view service, absl::string_view method);

  // Refuses what is too large, or comes while the daemon stops, before the
  // model is looked for; see ModelRepository::Find. The queue keeps the model
  // loaded.
  absl::Status OpenModel(const google::protobuf::Message& request,
                         absl::string_view model, absl::string_view version);

  // Of the open model.
  const std::shared_ptr<const ModelQueue>& queue() const { return queue_; }
  const LoadedModel& model() const { return queue_->handle().model(); }

  const ServingContext& serving() const { return serving_; }
  // Since the call came.
  absl::Duration elapsed() const { return record_.elapsed(); }
  // When the client gives up, by the server's clock.
  absl::Time Deadline(std::optional<absl::Duration> timeout = {});
  // Of calls that compute.
  InferenceRun& run() { return *run_; }

  // Where the time of an answered request went, before End. A client that has
  // left got no answer.
  void RecordAnswer(const RequestTimes& times);

  // The call's one end, on any thread. `this` may be gone afterwards.
  void End(const absl::Status& status);

  void OnCancel() override;
  void OnDone() override { delete this; }

 private:
  const ServingContext& serving_;
  grpc::CallbackServerContext& context_;
  CallRecord record_;
  // Until the deadline, once that is known.
  absl::Duration allowed_ = absl::InfiniteDuration();
  RequestTimes times_;
  std::atomic<bool> has_left_{false};
  // Of the model; those of no model until it is found.
  ModelMetrics* model_metrics_;
  CallAdmission admission_;
  std::shared_ptr<const ModelQueue> queue_;
  const std::shared_ptr<InferenceRun> run_;
};

}  // namespace transformerd
