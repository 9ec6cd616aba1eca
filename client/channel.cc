#include "client/channel.h"

#include <cstdint>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"

namespace transformerd {
namespace {

// Repeating one of these does no harm: the first may have been answered.
constexpr struct {
  absl::string_view service;
  absl::string_view method;
} kRetriedMethods[] = {
    {"inference.GRPCInferenceService", "ServerLive"},
    {"inference.GRPCInferenceService", "ServerReady"},
    {"inference.GRPCInferenceService", "ServerMetadata"},
    {"inference.GRPCInferenceService", "ModelReady"},
    {"inference.GRPCInferenceService", "ModelMetadata"},
    {"inference.GRPCInferenceService", "ModelConfig"},
    {"inference.GRPCInferenceService", "RepositoryIndex"},
    {"inference.GRPCInferenceService", "ModelInfer"},
    {"transformerd.v1.TextService", "Embed"},
    {"transformerd.v1.TextService", "Tokenize"},
    {"transformerd.v1.ModelService", "ListModels"},
    {"transformerd.v1.ModelService", "PlanLoad"},
};

bool HasScheme(absl::string_view address) {
  for (absl::string_view scheme :
       {"dns:", "ipv4:", "ipv6:", "unix:", "unix-abstract:"}) {
    if (absl::StartsWith(address, scheme)) return true;
  }
  return false;
}

std::shared_ptr<grpc::ChannelCredentials> MakeCredentials(
    const ClientSecurity& security) {
  if (!security.tls) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = security.root_certificates;
  options.pem_cert_chain = security.certificate;
  options.pem_private_key = security.key;
  return grpc::SslCredentials(options);
}

}  // namespace

absl::Status CheckAddress(absl::string_view address) {
  if (HasScheme(address)) return absl::OkStatus();
  const size_t colon = address.rfind(':');
  uint32_t port = 0;
  if (colon == absl::string_view::npos || colon == 0 ||
      !absl::SimpleAtoi(address.substr(colon + 1), &port) || port == 0 ||
      port > 65535) {
    return absl::InvalidArgumentError(
        absl::StrCat("server address '", address,
                     "' is not HOST:PORT with a port from 1 to 65535, such as "
                     "127.0.0.1:8001"));
  }
  return absl::OkStatus();
}

bool IsLoopback(absl::string_view address) {
  if (absl::StartsWith(address, "unix")) return true;
  for (absl::string_view prefix : {"dns:", "ipv4:", "ipv6:", "///"}) {
    absl::ConsumePrefix(&address, prefix);
  }
  return absl::StartsWith(address, "localhost:") ||
         absl::StartsWith(address, "127.") ||
         absl::StartsWith(address, "[::1]:");
}

std::string RetryServiceConfig() {
  const std::string methods = absl::StrJoin(
      kRetriedMethods, ",", [](std::string* out, const auto& retried) {
        absl::StrAppend(out, R"({"service":")", retried.service,
                        R"(","method":")", retried.method, R"("})");
      });
  return absl::StrCat(R"({"methodConfig":[{"name":[)", methods,
                      R"(],"retryPolicy":{"maxAttempts":4,)"
                      R"("initialBackoff":"0.1s","maxBackoff":"1s",)"
                      R"("backoffMultiplier":2,)"
                      R"("retryableStatusCodes":["UNAVAILABLE"]}}]})");
}

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address,
                                           const ClientSecurity& security) {
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(RetryServiceConfig());
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  // With http_proxy set, gRPC would ask the proxy even for this machine.
  if (IsLoopback(address)) arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(address, MakeCredentials(security),
                                   arguments);
}

}  // namespace transformerd
