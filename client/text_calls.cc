#include "client/text_calls.h"

#include <cstddef>
#include <utility>

#include "client/wire_text.h"
#include "model/base/status_macros.h"

namespace transformerd {
namespace {

using Stub = v1::TextService::StubInterface;

// Takes a response of `num_texts` texts and hands its result to `done`.
template <typename Result, typename Response>
auto Converting(size_t num_texts,
                absl::AnyInvocable<void(absl::StatusOr<Result>)> done) {
  return [num_texts,
          done = std::move(done)](absl::StatusOr<Response> response) mutable {
    if (response.ok()) {
      done(FromWire(*std::move(response), num_texts));
    } else {
      done(std::move(response).status());
    }
  };
}

}  // namespace

TextCalls::TextCalls(const std::shared_ptr<grpc::Channel>& channel,
                     UnaryCalls& calls)
    : stub_(v1::TextService::NewStub(channel)), calls_(calls) {}

absl::StatusOr<EmbedResult> TextCalls::Embed(EmbedRequest request,
                                             const CallOptions& options) {
  const size_t num_texts = request.texts.size();
  ASSIGN_OR_RETURN(const v1::EmbedRequest wire, ToWire(std::move(request)));
  ASSIGN_OR_RETURN(const v1::EmbedResponse response,
                   calls_.Call(*stub_, &Stub::Embed, wire, options));
  return FromWire(response, num_texts);
}

void TextCalls::EmbedAsync(
    EmbedRequest request, const CallOptions& options,
    absl::AnyInvocable<void(absl::StatusOr<EmbedResult>)> done) {
  const size_t num_texts = request.texts.size();
  calls_.Start(
      *stub_->async(), &Stub::async_interface::Embed,
      ToWire(std::move(request)), options,
      Converting<EmbedResult, v1::EmbedResponse>(num_texts, std::move(done)));
}

absl::StatusOr<TokenizeResult> TextCalls::Tokenize(TokenizeRequest request,
                                                   const CallOptions& options) {
  const size_t num_texts = request.texts.size();
  ASSIGN_OR_RETURN(const v1::TokenizeRequest wire, ToWire(std::move(request)));
  ASSIGN_OR_RETURN(v1::TokenizeResponse response,
                   calls_.Call(*stub_, &Stub::Tokenize, wire, options));
  return FromWire(std::move(response), num_texts);
}

void TextCalls::TokenizeAsync(
    TokenizeRequest request, const CallOptions& options,
    absl::AnyInvocable<void(absl::StatusOr<TokenizeResult>)> done) {
  const size_t num_texts = request.texts.size();
  calls_.Start(*stub_->async(), &Stub::async_interface::Tokenize,
               ToWire(std::move(request)), options,
               Converting<TokenizeResult, v1::TokenizeResponse>(
                   num_texts, std::move(done)));
}

}  // namespace transformerd
