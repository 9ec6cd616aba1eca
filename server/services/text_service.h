// transformerd.v1.TextService: text in, meaning out.
#pragma once

#include <utility>

#include "grpcpp/grpcpp.h"
#include "proto/text_service.grpc.pb.h"
#include "server/services/serving_context.h"

namespace transformerd {

// Nothing here blocks a gRPC thread. Thread-safe; must outlive the gRPC server.
class TextService final : public v1::TextService::WithRawCallbackMethod_Embed<
                              v1::TextService::WithRawCallbackMethod_Tokenize<
                                  v1::TextService::Service>> {
 public:
  explicit TextService(ServingContext serving) : serving_(std::move(serving)) {}

  grpc::ServerUnaryReactor* Embed(grpc::CallbackServerContext* context,
                                  const grpc::ByteBuffer* request,
                                  grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* Tokenize(grpc::CallbackServerContext* context,
                                     const grpc::ByteBuffer* request,
                                     grpc::ByteBuffer* response) override;

 private:
  const ServingContext serving_;
};

}  // namespace transformerd
