// A gRPC server on one port.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/grpcpp.h"
#include "server/security/call_gate.h"
#include "server/security/certificate_store.h"
#include "server/services/health_service.h"
#include "server/services/health_state.h"

namespace transformerd {

struct GrpcEndpointOptions {
  std::string address;
  int port = 0;  // 0 picks a free one
  bool enable_reflection = false;
  absl::Duration max_connection_age = absl::InfiniteDuration();
  // gRPC refuses a larger message with RESOURCE_EXHAUSTED and both sizes before
  // it has taken it in. By default what health needs.
  int max_message_bytes = 4096;
  // See MakeListenerCredentials.
  std::shared_ptr<const CertificateStore> certificates;
  std::shared_ptr<CallGate> gate = std::make_shared<CallGate>();
  // Served beside health.
  std::vector<grpc::Service*> services;
};

// Serves health and what it is given. The destructor stops.
class GrpcEndpoint {
 public:
  // UNAVAILABLE where the port cannot be bound. The services and `health` must
  // outlive the endpoint.
  static absl::StatusOr<std::unique_ptr<GrpcEndpoint>> Start(
      const GrpcEndpointOptions& options, HealthState& health);
  ~GrpcEndpoint();

  int port() const { return port_; }

  // Refuses new calls with UNAVAILABLE, cancels those that have not ended by
  // themselves within `grace`, and waits for all. Calls after the first do
  // nothing.
  void Stop(absl::Duration grace);

 private:
  GrpcEndpoint(HealthState& health, std::shared_ptr<CallGate> gate);

  HealthService health_;
  const std::shared_ptr<CallGate> gate_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

// True for addresses that only this machine reaches.
bool IsLoopback(const std::string& address);

}  // namespace transformerd
