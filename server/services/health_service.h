// grpc.health.v1.Health on a completion queue and a thread of its own, so that
// no amount of inference or loading delays an answer to a probe.
#pragma once

#include <memory>
#include <thread>

#include "grpcpp/grpcpp.h"
#include "server/services/health_calls.h"
#include "server/services/health_state.h"

namespace transformerd {

class HealthWaker;

// Answers Check and Watch from a HealthState. Unknown names: Check answers
// NOT_FOUND; Watch sends SERVICE_UNKNOWN and goes on watching. Watches end
// when the state starts draining.
//
//   HealthService health(state);
//   health.Register(builder);
//   server = builder.BuildAndStart();
//   health.Start();
//   ...
//   state.StartDraining();
//   server->Shutdown(deadline);
//   health.Stop();
//
// One service for one server. Must outlive the server; the state must outlive
// it. Not thread-safe.
class HealthService {
 public:
  explicit HealthService(HealthState& state);
  // Stops. The server must have been shut down.
  ~HealthService();
  HealthService(const HealthService&) = delete;
  HealthService& operator=(const HealthService&) = delete;

  void Register(grpc::ServerBuilder& builder);
  // Begins to answer. The server must have been started.
  void Start();
  // Ends the thread. The server must have been shut down, or have failed to
  // start. Calls after the first do nothing.
  void Stop();

 private:
  void Serve();

  HealthCallContext context_;
  // Shared with the state's listeners, which may be running.
  std::shared_ptr<HealthWaker> waker_;
  HealthState::ListenerId listener_ = 0;
  std::thread thread_;
};

}  // namespace transformerd
