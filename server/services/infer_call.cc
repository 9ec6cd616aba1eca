#include "server/services/infer_call.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "model/base/status_macros.h"
#include "proto/tensor_codec.h"
#include "server/services/request_validator.h"
#include "server/services/service_names.h"

namespace transformerd {

grpc::ServerUnaryReactor* InferCall::Start(
    const ServingContext& serving, grpc::CallbackServerContext& context,
    const inference::ModelInferRequest& request,
    inference::ModelInferResponse& response) {
  auto* call = new InferCall(serving, context, request, response);
  // gRPC does not let go of the call before it was returned to it, however
  // early the work is done.
  const absl::Status status = call->Submit();
  if (!status.ok()) call->End(status);
  return call;
}

InferCall::InferCall(const ServingContext& serving,
                     grpc::CallbackServerContext& context,
                     const inference::ModelInferRequest& request,
                     inference::ModelInferResponse& response)
    : ModelCall(serving, context, kInferenceService, "ModelInfer"),
      request_(request),
      response_(response) {}

absl::Status InferCall::Submit() {
  RETURN_IF_ERROR(
      OpenModel(request_, request_.model_name(), request_.model_version()));
  const absl::Duration before = elapsed();
  ASSIGN_OR_RETURN(ValidatedRequest valid,
                   ValidateRequest(request_, model().signature()));
  decode_time_ = elapsed() - before;
  outputs_ = valid.input.outputs;
  raw_outputs_ = valid.raw_outputs;
  response_.set_model_name(queue()->handle().name());
  response_.set_model_version(absl::StrCat(queue()->handle().version()));
  response_.set_id(request_.id());

  InferenceWork work;
  work.queue = queue();
  work.input = std::move(valid.input);
  work.text = std::move(valid.text);
  work.deadline = Deadline(valid.parameters.timeout);
  work.priority = valid.parameters.priority;
  return run().Start(std::move(work),
                     [this](absl::StatusOr<InferenceAnswer> answer) {
                       OnAnswer(std::move(answer));
                     });
}

void InferCall::OnAnswer(absl::StatusOr<InferenceAnswer> answer) {
  const absl::Status status = answer.status();
  if (status.ok()) Write(*std::move(answer));
  End(status);
}

void InferCall::Write(InferenceAnswer answer) {
  const absl::Duration before = elapsed();
  const Signature& signature = model().signature();
  for (size_t i = 0; i < answer.output.size(); ++i) {
    EncodeOutput(signature.outputs[outputs_[i]].name,
                 std::move(answer.output[i]), raw_outputs_, &response_);
  }
  answer.times.input += decode_time_;
  answer.times.output = elapsed() - before;
  RecordAnswer(answer.times);
}

}  // namespace transformerd
