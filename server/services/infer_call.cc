#include "server/services/infer_call.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "model/base/status_macros.h"
#include "proto/status_codec.h"
#include "proto/tensor_codec.h"

namespace transformerd {
namespace {

absl::Status CheckSize(const inference::ModelInferRequest& request,
                       int64_t limit) {
  const auto size = static_cast<int64_t>(request.ByteSizeLong());
  if (size <= limit) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(
      "the request has ", size, " bytes; --max_request_bytes is ", limit));
}

}  // namespace

grpc::ServerUnaryReactor* InferCall::Start(
    const ServingContext& serving, const grpc::CallbackServerContext& context,
    const inference::ModelInferRequest& request,
    inference::ModelInferResponse& response) {
  auto* call = new InferCall(serving, context, request, response);
  // gRPC does not let go of the call before it was returned to it, however
  // early the job is done.
  const absl::Status status = call->Submit();
  if (!status.ok()) call->End(status);
  return call;
}

InferCall::InferCall(const ServingContext& serving,
                     const grpc::CallbackServerContext& context,
                     const inference::ModelInferRequest& request,
                     inference::ModelInferResponse& response)
    : serving_(serving),
      context_(context),
      request_(request),
      response_(response),
      record_(serving.metrics, serving.clock, "ModelInfer"),
      model_metrics_(&serving.metrics.ForModel("", "")) {}

absl::Status InferCall::Submit() {
  // First: while the server stops, models are already being unloaded.
  RETURN_IF_ERROR(serving_.scheduler.CheckAccepting());
  RETURN_IF_ERROR(CheckSize(request_, serving_.max_request_bytes));
  ASSIGN_OR_RETURN(const ModelHandle handle,
                   serving_.repository.Find(request_.model_name(),
                                            request_.model_version()));
  const std::string version = absl::StrCat(handle.version());
  model_metrics_ = &serving_.metrics.ForModel(handle.name(), version);
  const absl::Duration before = record_.elapsed();
  ASSIGN_OR_RETURN(ValidatedRequest valid,
                   ValidateRequest(request_, handle.model().signature()));
  decode_time_ = record_.elapsed() - before;
  queue_ = serving_.queues.Get(handle);
  outputs_ = valid.input.outputs;
  raw_outputs_ = valid.raw_outputs;
  response_.set_model_name(handle.name());
  response_.set_model_version(version);
  response_.set_id(request_.id());

  Job job;
  job.input = std::move(valid.input);
  job.deadline = Deadline(valid.parameters);
  job.priority = valid.parameters.priority;
  job.keep_alive = queue_;
  job.done = [this](absl::StatusOr<JobResult> result) {
    OnJobDone(std::move(result));
  };
  ASSIGN_OR_RETURN(JobTicket ticket,
                   serving_.scheduler.Submit(queue_->id(), std::move(job)));
  absl::MutexLock lock(&mutex_);
  ticket_ = ticket;
  return absl::OkStatus();
}

absl::Time InferCall::Deadline(const RequestParameters& parameters) const {
  // A span and not a time: the server's clock need not be the machine's.
  absl::Duration remaining = serving_.default_request_timeout;
  const auto deadline = context_.deadline();
  if (deadline != std::chrono::system_clock::time_point::max()) {
    remaining = absl::FromChrono(deadline) - absl::Now();
  }
  if (parameters.timeout.has_value()) {
    remaining = std::min(remaining, *parameters.timeout);
  }
  return serving_.clock.Now() + remaining;
}

void InferCall::OnJobDone(absl::StatusOr<JobResult> result) {
  if (result.ok()) WriteAnswer(std::move(result->output));
  End(result.status());
}

void InferCall::WriteAnswer(InferenceOutput output) {
  const absl::Duration before = record_.elapsed();
  const Signature& signature = queue_->handle().model().signature();
  for (size_t i = 0; i < output.size(); ++i) {
    EncodeOutput(signature.outputs[outputs_[i]].name, std::move(output[i]),
                 raw_outputs_, &response_);
  }
  model_metrics_->RecordCoding(decode_time_, record_.elapsed() - before);
}

void InferCall::End(const absl::Status& status) {
  {
    absl::MutexLock lock(&mutex_);
    has_ended_ = true;
  }
  model_metrics_->RecordRequest(record_.method(), status.code(),
                                record_.elapsed());
  record_.Finish(status.code());
  // Before the answer travels: a client that reads slowly does not hold up the
  // unloading of the model.
  queue_.reset();
  Finish(ToGrpcStatus(status));
}

void InferCall::OnCancel() {
  JobTicket ticket;
  {
    absl::MutexLock lock(&mutex_);
    if (has_ended_ || !ticket_.has_value()) return;
    ticket = *ticket_;
  }
  // Where the job runs already, its answer is thrown away by gRPC.
  if (!serving_.scheduler.Cancel(ticket)) {
    model_metrics_->RecordCancelledInCompute();
  }
}

}  // namespace transformerd
