// A TextService with answers that a test can compute in its head.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "grpcpp/support/server_callback.h"
#include "proto/text_service.grpc.pb.h"

namespace transformerd {

// Has one model, "echo". A word is what stands between spaces; its id is 1000
// and its first byte, and [CLS] (101) and [SEP] (102) stand around each text.
//
// An embedding has four values: how many words have an id with the remainder 0,
// 1, 2 and 3 by 4. So "d", "a", "b" and "c" point along one axis each, and a
// text without words has the length 0. Embed takes kMaxTokens tokens.
//
// Thread-safe.
class FakeTextService final : public v1::TextService::CallbackService {
 public:
  static constexpr int kMaxTokens = 8;

  // Asked at each call how it ends, before it is answered; nothing holds it
  // until the client gives up.
  using Outcome =
      std::function<std::optional<grpc::Status>(const std::string& method)>;

  explicit FakeTextService(Outcome outcome);

  grpc::ServerUnaryReactor* Embed(grpc::CallbackServerContext* context,
                                  const v1::EmbedRequest* request,
                                  v1::EmbedResponse* response) override;
  grpc::ServerUnaryReactor* Tokenize(grpc::CallbackServerContext* context,
                                     const v1::TokenizeRequest* request,
                                     v1::TokenizeResponse* response) override;

 private:
  // Ends a call with what `answer` says, where its outcome is OK.
  grpc::ServerUnaryReactor* Finish(grpc::CallbackServerContext* context,
                                   const std::string& method,
                                   const std::function<grpc::Status()>& answer);

  const Outcome outcome_;
};

}  // namespace transformerd
