// transformerd.v1.TextService: text in, meaning out.
#pragma once

#include <utility>

#include "grpcpp/grpcpp.h"
#include "proto/text_service.grpc.pb.h"
#include "server/services/serving_context.h"

namespace transformerd {

// Nothing here blocks a gRPC thread. Thread-safe; must outlive the gRPC server.
class TextService final : public v1::TextService::CallbackService {
 public:
  explicit TextService(ServingContext serving) : serving_(std::move(serving)) {}

  grpc::ServerUnaryReactor* Embed(grpc::CallbackServerContext* context,
                                  const v1::EmbedRequest* request,
                                  v1::EmbedResponse* response) override;
  grpc::ServerUnaryReactor* Tokenize(grpc::CallbackServerContext* context,
                                     const v1::TokenizeRequest* request,
                                     v1::TokenizeResponse* response) override;

 private:
  const ServingContext serving_;
};

}  // namespace transformerd
