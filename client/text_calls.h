// The calls of transformerd.v1.TextService.
#pragma once

#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "client/call_options.h"
#include "client/types.h"
#include "client/unary_calls.h"
#include "grpcpp/channel.h"
#include "proto/text_service.grpc.pb.h"

namespace transformerd {

// What Client's methods of the same names do. Thread-safe.
class TextCalls {
 public:
  // `calls` must outlive it, and be closed before it goes.
  TextCalls(const std::shared_ptr<grpc::Channel>& channel, UnaryCalls& calls);

  absl::StatusOr<EmbedResult> Embed(EmbedRequest request,
                                    const CallOptions& options);
  void EmbedAsync(EmbedRequest request, const CallOptions& options,
                  absl::AnyInvocable<void(absl::StatusOr<EmbedResult>)> done);

  absl::StatusOr<TokenizeResult> Tokenize(TokenizeRequest request,
                                          const CallOptions& options);
  void TokenizeAsync(
      TokenizeRequest request, const CallOptions& options,
      absl::AnyInvocable<void(absl::StatusOr<TokenizeResult>)> done);

 private:
  const std::unique_ptr<v1::TextService::StubInterface> stub_;
  UnaryCalls& calls_;
};

}  // namespace transformerd
