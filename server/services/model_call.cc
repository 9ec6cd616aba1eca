#include "server/services/model_call.h"

#include <algorithm>
#include <chrono>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "model/base/status_macros.h"
#include "proto/status_codec.h"
#include "server/services/request_log.h"

namespace transformerd {
namespace {

absl::Status CheckSize(const google::protobuf::Message& request,
                       int64_t limit) {
  const auto size = static_cast<int64_t>(request.ByteSizeLong());
  if (size <= limit) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(
      "the request has ", size, " bytes; --max_request_bytes is ", limit));
}

}  // namespace

ModelCall::ModelCall(const ServingContext& serving,
                     grpc::CallbackServerContext& context,
                     absl::string_view service, absl::string_view method)
    : serving_(serving),
      context_(context),
      record_(serving, context, method, service),
      model_metrics_(&serving.metrics.ForModel("", "")),
      run_(std::make_shared<InferenceRun>(serving)) {}

absl::Status ModelCall::OpenModel(const google::protobuf::Message& request,
                                  absl::string_view model,
                                  absl::string_view version) {
  record_.SetModel(model);
  // First: while the server stops, models are already being unloaded.
  ASSIGN_OR_RETURN(admission_, serving_.scheduler.AdmitCall());
  RETURN_IF_ERROR(CheckSize(request, serving_.max_request_bytes));
  ASSIGN_OR_RETURN(const ModelHandle handle,
                   serving_.repository.Find(model, version));
  model_metrics_ =
      &serving_.metrics.ForModel(handle.name(), absl::StrCat(handle.version()));
  queue_ = serving_.queues.Get(handle);
  return absl::OkStatus();
}

absl::Time ModelCall::Deadline(std::optional<absl::Duration> timeout) {
  // A span and not a time: the server's clock need not be the machine's.
  absl::Duration remaining = serving_.default_request_timeout;
  const auto deadline = context_.deadline();
  if (deadline != std::chrono::system_clock::time_point::max()) {
    remaining = absl::FromChrono(deadline) - absl::Now();
  }
  if (timeout.has_value()) remaining = std::min(remaining, *timeout);
  allowed_ = elapsed() + remaining;
  return serving_.clock.Now() + remaining;
}

void ModelCall::RecordAnswer(const RequestTimes& times) {
  times_ = times;
  if (has_left_) {
    model_metrics_->OnFailed(elapsed());
  } else {
    model_metrics_->RecordAnswer(times);
  }
}

void ModelCall::End(const absl::Status& status) {
  model_metrics_->RecordRequest(record_.method(), status.code(),
                                record_.elapsed());
  record_.Finish(status.code());
  LogRequest(record_,
             {status, elapsed(), allowed_,
              queue_ == nullptr ? 0 : queue_->handle().version(), times_},
             serving_.clock.Now(), *serving_.line_limits);
  // Before the answer travels: a client that reads slowly does not hold up the
  // unloading of the model.
  queue_.reset();
  admission_.reset();
  Finish(ToGrpcStatus(status));
}

void ModelCall::OnCancel() {
  has_left_ = true;
  if (!run_->Cancel()) model_metrics_->RecordCancelledInCompute();
}

}  // namespace transformerd
