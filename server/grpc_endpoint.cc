#include "server/grpc_endpoint.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/impl/server_builder_option.h"
#include "server/security/listener_credentials.h"
#include "server/services/malformed_requests.h"
#include "server/unread_input.h"

namespace transformerd {
namespace {

// How often to look for calls that nobody has read, and for how long at most.
constexpr absl::Duration kLookInterval = absl::Milliseconds(5);
constexpr absl::Duration kLongestGateTime = absl::Seconds(2);
// So many looks in a row find none: what was read by the first is with the gate
// or behind it, with its service, by the last.
constexpr int kQuietLooks = 10;

// Reflection is in every server that links it; this takes it out again.
class WithoutReflection : public grpc::ServerBuilderOption {
 public:
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>*
                         plugins) override {
    const auto is_reflection = [](const auto& plugin) {
      return plugin->name() == "proto_server_reflection";
    };
    plugins->erase(
        std::remove_if(plugins->begin(), plugins->end(), is_reflection),
        plugins->end());
  }
};

std::string HostPort(const GrpcEndpointOptions& options) {
  const bool is_ipv6 = absl::StrContains(options.address, ':') &&
                       !absl::StartsWith(options.address, "[");
  return is_ipv6 ? absl::StrCat("[", options.address, "]:", options.port)
                 : absl::StrCat(options.address, ":", options.port);
}

// Counts looks and not time, which goes on while a busy machine gives no
// processor to the threads that read calls.
void AwaitQuiet() {
  const absl::Time end = absl::Now() + kLongestGateTime;
  for (int quiet = 0; quiet < kQuietLooks && absl::Now() < end;) {
    absl::SleepFor(kLookInterval);
    quiet = HasUnreadInput() ? 0 : quiet + 1;
  }
}

void SetConnectionOptions(const GrpcEndpointOptions& options,
                          grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(options.max_message_bytes);
  builder.SetMaxSendMessageSize(std::numeric_limits<int32_t>::max());
  // Two daemons on one port would share its connections unnoticed.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  // Finds dead peers, and lets clients with keepalive of their own be.
  constexpr int kKeepaliveTimeMs = 60000;
  constexpr int kKeepaliveTimeoutMs = 20000;
  constexpr int kMinPingIntervalMs = 5000;
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTimeMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                             kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(
      GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
      kMinPingIntervalMs);
  if (options.max_connection_age < absl::InfiniteDuration()) {
    const int64_t age = absl::ToInt64Milliseconds(options.max_connection_age);
    builder.AddChannelArgument(
        GRPC_ARG_MAX_CONNECTION_AGE_MS,
        static_cast<int>(
            std::clamp<int64_t>(age, 1, std::numeric_limits<int32_t>::max())));
  }
}

}  // namespace

GrpcEndpoint::GrpcEndpoint(HealthState& health, std::shared_ptr<CallGate> gate)
    : health_(health), gate_(std::move(gate)) {}

absl::StatusOr<std::unique_ptr<GrpcEndpoint>> GrpcEndpoint::Start(
    const GrpcEndpointOptions& options, HealthState& health) {
  auto endpoint = absl::WrapUnique(new GrpcEndpoint(health, options.gate));
  if (options.enable_reflection) {
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  }
  grpc::ServerBuilder builder;
  const std::string address = HostPort(options);
  builder.AddListeningPort(
      address, MakeListenerCredentials(options.certificates, options.gate),
      &endpoint->port_);
  SetConnectionOptions(options, builder);
  if (!options.enable_reflection) {
    builder.SetOption(std::make_unique<WithoutReflection>());
  }
  ExplainMalformedRequests(builder);
  endpoint->health_.Register(builder);
  for (grpc::Service* service : options.services) {
    builder.RegisterService(service);
  }
  endpoint->server_ = builder.BuildAndStart();
  if (endpoint->server_ == nullptr || endpoint->port_ == 0) {
    return absl::UnavailableError(absl::StrCat(
        "cannot serve gRPC on '", address,
        "': the port is taken or the address is not one of this machine"));
  }
  endpoint->health_.Start();
  return endpoint;
}

GrpcEndpoint::~GrpcEndpoint() { Stop(absl::ZeroDuration()); }

void GrpcEndpoint::Stop(absl::Duration grace) {
  if (server_ != nullptr) {
    gate_->Close();
    AwaitQuiet();
    server_->Shutdown(absl::ToChronoTime(absl::Now() + grace));
  }
  health_.Stop();
  server_.reset();
}

bool IsLoopback(const std::string& address) {
  return address == "localhost" || address == "::1" || address == "[::1]" ||
         absl::StartsWith(address, "127.");
}

}  // namespace transformerd
