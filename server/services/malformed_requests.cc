#include "server/services/malformed_requests.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "google/protobuf/descriptor.h"
#include "grpcpp/support/server_interceptor.h"
#include "proto/status_codec.h"

namespace transformerd {
namespace {

using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::ServerInterceptorFactoryInterface;
using grpc::experimental::ServerRpcInfo;

// What a method takes ("inference.ModelInferRequest"); `path` is
// "/inference.GRPCInferenceService/ModelInfer".
std::string RequestOf(absl::string_view path) {
  const std::string name =
      absl::StrReplaceAll(absl::StripPrefix(path, "/"), {{"/", "."}});
  const google::protobuf::MethodDescriptor* method =
      google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(
          name);
  return method == nullptr ? absl::StrCat("request of ", name)
                           : method->input_type()->full_name();
}

// One for each call.
class Explainer : public grpc::experimental::Interceptor {
 public:
  explicit Explainer(const char* path) : path_(path) {}

  void Intercept(grpc::experimental::InterceptorBatchMethods* batch) override {
    if (batch->QueryInterceptionHookPoint(
            InterceptionHookPoints::POST_RECV_MESSAGE)) {
      is_malformed_ = batch->GetRecvMessage() == nullptr;
    }
    if (is_malformed_ && batch->QueryInterceptionHookPoint(
                             InterceptionHookPoints::PRE_SEND_STATUS)) {
      batch->ModifySendStatus(ToGrpcStatus(MalformedRequest(RequestOf(path_))));
    }
    batch->Proceed();
  }

 private:
  const char* const path_;  // gRPC's, for as long as the call
  bool is_malformed_ = false;
};

class Factory : public ServerInterceptorFactoryInterface {
 public:
  grpc::experimental::Interceptor* CreateServerInterceptor(
      ServerRpcInfo* info) override {
    // A stream of requests ends with one that is not there.
    if (info->type() != ServerRpcInfo::Type::UNARY &&
        info->type() != ServerRpcInfo::Type::SERVER_STREAMING) {
      return nullptr;
    }
    return new Explainer(info->method());
  }
};

}  // namespace

absl::Status MalformedRequest(absl::string_view expected) {
  return absl::InvalidArgumentError(
      absl::StrCat("the request is no ", expected,
                   ": malformed, or with a string that is not UTF-8"));
}

void ExplainMalformedRequests(grpc::ServerBuilder& builder) {
  std::vector<std::unique_ptr<ServerInterceptorFactoryInterface>> factories;
  factories.push_back(std::make_unique<Factory>());
  builder.experimental().SetInterceptorCreators(std::move(factories));
}

}  // namespace transformerd
