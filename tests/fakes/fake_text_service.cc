#include "tests/fakes/fake_text_service.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "proto/status_codec.h"
#include "tests/fakes/held_call.h"

namespace transformerd {
namespace {

constexpr int64_t kCls = 101;
constexpr int64_t kSep = 102;
constexpr int64_t kFirstWord = 1000;
constexpr int kWidth = 4;

grpc::Status CheckModel(const std::string& model) {
  if (model == "echo") return grpc::Status::OK;
  return ToGrpcStatus(
      absl::NotFoundError(absl::StrCat("no model '", model, "'")));
}

void AddToken(int64_t id, absl::string_view token, int64_t type_id,
              int64_t begin, int64_t end, v1::Encoding& encoding) {
  encoding.add_ids(id);
  encoding.add_tokens(std::string(token));
  encoding.add_type_ids(type_id);
  v1::Offset& offset = *encoding.add_offsets();
  offset.set_begin(begin);
  offset.set_end(end);
}

int64_t NumCodePoints(absl::string_view text) {
  int64_t count = 0;
  for (unsigned char byte : text) count += (byte & 0xC0) != 0x80 ? 1 : 0;
  return count;
}

// The words of `text` and the [SEP] behind them.
void AddWords(absl::string_view text, int64_t type_id, v1::Encoding& encoding) {
  int64_t begin = 0;  // In code points.
  while (!text.empty()) {
    const absl::string_view word = text.substr(0, text.find(' '));
    const int64_t end = begin + NumCodePoints(word);
    if (!word.empty()) {
      const int64_t id = kFirstWord + static_cast<unsigned char>(word[0]);
      AddToken(id, word, type_id, begin, end, encoding);
    }
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    begin = end + 1;
  }
  AddToken(kSep, "[SEP]", type_id, 0, 0, encoding);
}

v1::Encoding Encode(absl::string_view text, const std::string* pair) {
  v1::Encoding encoding;
  AddToken(kCls, "[CLS]", 0, 0, 0, encoding);
  AddWords(text, 0, encoding);
  if (pair != nullptr) AddWords(*pair, 1, encoding);
  return encoding;
}

v1::Embedding Embed(const v1::Encoding& encoding, int num_tokens) {
  std::vector<float> values(kWidth);
  for (int i = 0; i < num_tokens; ++i) {
    if (encoding.ids(i) >= kFirstWord) ++values[encoding.ids(i) % kWidth];
  }
  v1::Embedding embedding;
  embedding.mutable_values()->Assign(values.begin(), values.end());
  embedding.set_num_tokens(num_tokens);
  return embedding;
}

grpc::Status EmbedTexts(const v1::EmbedRequest& request,
                        v1::EmbedResponse& response) {
  if (grpc::Status status = CheckModel(request.model()); !status.ok()) {
    return status;
  }
  response.set_model(request.model());
  response.set_version(request.version().empty() ? "1" : request.version());
  for (int i = 0; i < request.text_size(); ++i) {
    const v1::Encoding encoding = Encode(request.text(i), nullptr);
    int num_tokens = encoding.ids_size();
    if (num_tokens > FakeTextService::kMaxTokens) {
      if (!request.truncate()) {
        return ToGrpcStatus(absl::InvalidArgumentError(absl::StrCat(
            "text[", i, "] has ", num_tokens, " tokens; the model takes ",
            FakeTextService::kMaxTokens)));
      }
      num_tokens = FakeTextService::kMaxTokens;
    }
    *response.add_embeddings() = Embed(encoding, num_tokens);
  }
  return grpc::Status::OK;
}

grpc::Status TokenizeTexts(const v1::TokenizeRequest& request,
                           v1::TokenizeResponse& response) {
  if (grpc::Status status = CheckModel(request.model()); !status.ok()) {
    return status;
  }
  for (int i = 0; i < request.text_size(); ++i) {
    const bool has_pair = request.text_pair_size() > 0;
    *response.add_encodings() =
        Encode(request.text(i), has_pair ? &request.text_pair(i) : nullptr);
  }
  return grpc::Status::OK;
}

}  // namespace

FakeTextService::FakeTextService(Outcome outcome)
    : outcome_(std::move(outcome)) {}

grpc::ServerUnaryReactor* FakeTextService::Embed(
    grpc::CallbackServerContext* context, const v1::EmbedRequest* request,
    v1::EmbedResponse* response) {
  return Finish(context, "Embed",
                [&] { return EmbedTexts(*request, *response); });
}

grpc::ServerUnaryReactor* FakeTextService::Tokenize(
    grpc::CallbackServerContext* context, const v1::TokenizeRequest* request,
    v1::TokenizeResponse* response) {
  return Finish(context, "Tokenize",
                [&] { return TokenizeTexts(*request, *response); });
}

grpc::ServerUnaryReactor* FakeTextService::Finish(
    grpc::CallbackServerContext* context, const std::string& method,
    const std::function<grpc::Status()>& answer) {
  const std::optional<grpc::Status> outcome = outcome_(method);
  if (!outcome.has_value()) return new HeldCall();
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(outcome->ok() ? answer() : *outcome);
  return reactor;
}

}  // namespace transformerd
