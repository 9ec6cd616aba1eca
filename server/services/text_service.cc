#include "server/services/text_service.h"

#include "server/services/embed_call.h"
#include "server/services/tokenize_call.h"

namespace transformerd {

grpc::ServerUnaryReactor* TextService::Embed(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return EmbedCall::Start(serving_, *context, *request, *response);
}

grpc::ServerUnaryReactor* TextService::Tokenize(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return TokenizeCall::Start(serving_, *context, *request, *response);
}

}  // namespace transformerd
