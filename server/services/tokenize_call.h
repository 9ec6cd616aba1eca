// One TextService.Tokenize.
#pragma once

#include <atomic>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "grpcpp/grpcpp.h"
#include "proto/text_service.pb.h"
#include "server/services/proto_call.h"
#include "server/services/serving_context.h"
#include "server/services/text_rows.h"

namespace transformerd {

class TokenizeCall
    : public ProtoCall<v1::TokenizeRequest, v1::TokenizeResponse> {
 public:
  // More text in one call is refused: its tokens are many times as large.
  static constexpr int64_t kMaxBytes = 16 << 20;

  // To be returned from the service's method.
  static grpc::ServerUnaryReactor* Start(const ServingContext& serving,
                                         grpc::CallbackServerContext& context,
                                         const grpc::ByteBuffer& request,
                                         grpc::ByteBuffer& response);

 private:
  TokenizeCall(const ServingContext& serving,
               grpc::CallbackServerContext& context,
               grpc::ByteBuffer& response);

  // On OK End is called, or was.
  absl::Status Submit(const grpc::ByteBuffer& request);
  absl::Status TokenizeRow(int64_t row);
  void OnCancel() override { is_cancelled_ = true; }

  TextRows rows_;
  absl::Time deadline_;
  std::atomic<bool> is_cancelled_{false};
};

}  // namespace transformerd
