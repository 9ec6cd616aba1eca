#include "server/services/tokenize_call.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"
#include "server/scheduling/job.h"
#include "server/services/service_names.h"
#include "server/services/text_requests.h"
#include "server/services/text_stage.h"

namespace transformerd {
namespace {

absl::Status CheckTotalSize(const TextRows& rows) {
  int64_t size = 0;
  for (const std::string& text : rows.texts) size += text.size();
  for (const std::string& text : rows.pairs) size += text.size();
  if (size <= TokenizeCall::kMaxBytes) return absl::OkStatus();
  return WithField(absl::InvalidArgumentError(absl::StrCat(
                       "the texts have ", size, " bytes, expected at most ",
                       TokenizeCall::kMaxBytes, " in a call")),
                   "text");
}

void Write(DetailedTokenRow row, v1::Encoding& encoding) {
  encoding.mutable_ids()->Add(row.row.ids.begin(), row.row.ids.end());
  encoding.mutable_type_ids()->Add(row.row.type_ids.begin(),
                                   row.row.type_ids.end());
  for (std::string& token : row.tokens) encoding.add_tokens(std::move(token));
  for (const DetailedTokenRow::Offset& offset : row.offsets) {
    v1::Offset& to = *encoding.add_offsets();
    to.set_begin(offset.begin);
    to.set_end(offset.end);
  }
}

}  // namespace

grpc::ServerUnaryReactor* TokenizeCall::Start(
    const ServingContext& serving, grpc::CallbackServerContext& context,
    const grpc::ByteBuffer& request, grpc::ByteBuffer& response) {
  auto* call = new TokenizeCall(serving, context, response);
  const absl::Status status = call->Submit(request);
  if (!status.ok()) call->End(status);
  return call;
}

TokenizeCall::TokenizeCall(const ServingContext& serving,
                           grpc::CallbackServerContext& context,
                           grpc::ByteBuffer& response)
    : ProtoCall(serving, context, kTextService, "Tokenize", response) {}

absl::Status TokenizeCall::Submit(const grpc::ByteBuffer& wire) {
  RETURN_IF_ERROR(Parse(wire));
  RETURN_IF_ERROR(OpenModel(request(), request().model(), request().version()));
  RETURN_IF_ERROR(CheckHasTokenizer(queue()->handle()));
  rows_.texts = TakeStrings(request().mutable_text());
  rows_.pairs = TakeStrings(request().mutable_text_pair());
  RETURN_IF_ERROR(CheckTextRows(rows_));
  RETURN_IF_ERROR(CheckTotalSize(rows_));
  deadline_ = Deadline();
  // All at once, so that threads write to different ones.
  for (int64_t i = 0; i < rows_.size(); ++i) response().add_encodings();
  return ForEachText(
      serving(), queue()->handle(), TextUse::kTokens, rows_.size(),
      [this](int64_t row) { return TokenizeRow(row); },
      [this](const absl::Status& status) { End(status); });
}

absl::Status TokenizeCall::TokenizeRow(int64_t row) {
  if (is_cancelled_) return CancelledInTime();
  if (serving().clock.Now() >= deadline_) return DeadlinePassed();
  absl::StatusOr<DetailedTokenRow> tokens =
      model().tokenizer()->EncodeWithDetails(rows_.row(row));
  if (!tokens.ok()) {
    return AnnotateRow(tokens.status(), row);
  }
  Write(*std::move(tokens),
        *response().mutable_encodings(static_cast<int>(row)));
  return absl::OkStatus();
}

}  // namespace transformerd
