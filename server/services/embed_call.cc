#include "server/services/embed_call.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "model/base/status_macros.h"
#include "server/services/service_names.h"
#include "server/services/text_requests.h"
#include "server/services/text_rows.h"

namespace transformerd {
namespace {

constexpr char kOutput[] = "sentence_embedding";

absl::StatusOr<int> FindEmbedding(const LoadedModel& model,
                                  absl::string_view name) {
  const std::optional<int> output = model.signature().FindOutput(kOutput);
  if (output.has_value()) return *output;
  return absl::FailedPreconditionError(absl::StrCat(
      "model '", name, "' has no sentence_embedding: it is a ",
      model.architecture().class_name,
      ", expected a class without head and a pooling other than none"));
}

}  // namespace

grpc::ServerUnaryReactor* EmbedCall::Start(const ServingContext& serving,
                                           grpc::CallbackServerContext& context,
                                           const grpc::ByteBuffer& request,
                                           grpc::ByteBuffer& response) {
  auto* call = new EmbedCall(serving, context, response);
  const absl::Status status = call->Submit(request);
  if (!status.ok()) call->End(status);
  return call;
}

EmbedCall::EmbedCall(const ServingContext& serving,
                     grpc::CallbackServerContext& context,
                     grpc::ByteBuffer& response)
    : ProtoCall(serving, context, kTextService, "Embed", response) {}

absl::Status EmbedCall::Submit(const grpc::ByteBuffer& wire) {
  RETURN_IF_ERROR(Parse(wire));
  RETURN_IF_ERROR(OpenModel(request(), request().model(), request().version()));
  RETURN_IF_ERROR(CheckTakesText(queue()->handle()));
  InferenceWork work;
  ASSIGN_OR_RETURN(const int output,
                   FindEmbedding(model(), queue()->handle().name()));
  work.input.outputs = {output};
  work.text.emplace();
  work.text->texts = TakeStrings(request().mutable_text());
  work.text->truncate = request().truncate();
  RETURN_IF_ERROR(CheckTextRows(*work.text));
  work.queue = queue();
  work.deadline = Deadline();
  response().set_model(queue()->handle().name());
  response().set_version(absl::StrCat(queue()->handle().version()));
  return run().Start(std::move(work),
                     [this](absl::StatusOr<InferenceAnswer> answer) {
                       OnAnswer(std::move(answer));
                     });
}

void EmbedCall::OnAnswer(absl::StatusOr<InferenceAnswer> answer) {
  if (answer.ok()) Write(*answer);
  End(answer.status());
}

void EmbedCall::Write(const InferenceAnswer& answer) {
  const absl::Duration before = elapsed();
  const HostTensor& vectors_BD = answer.output.front();
  const absl::Span<const float> values = vectors_BD.as<float>();
  const size_t width = values.size() / answer.lengths.size();
  for (size_t row = 0; row < answer.lengths.size(); ++row) {
    v1::Embedding& embedding = *response().add_embeddings();
    const auto vector = values.subspan(row * width, width);
    embedding.mutable_values()->Add(vector.begin(), vector.end());
    embedding.set_num_tokens(answer.lengths[row]);
  }
  RequestTimes times = answer.times;
  times.output = elapsed() - before;
  RecordAnswer(times);
}

}  // namespace transformerd
