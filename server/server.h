// The daemon: everything that serves, wired together.
#pragma once

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "model/runtime/loaded_model.h"
#include "server/grpc_endpoint.h"
#include "server/lifecycle/model_repository.h"
#include "server/logging/line_limit.h"
#include "server/metrics/http_server.h"
#include "server/metrics/metrics.h"
#include "server/metrics/scheduler_gauges.h"
#include "server/options.h"
#include "server/port_file.h"
#include "server/repository_events.h"
#include "server/scheduling/clock.h"
#include "server/scheduling/scheduler.h"
#include "server/scheduling/worker_pool.h"
#include "server/security/endpoint_security.h"
#include "server/service_notifier.h"
#include "server/services/health_state.h"
#include "server/services/inference_service.h"
#include "server/services/model_queues.h"
#include "server/services/model_service.h"
#include "server/services/text_pool.h"
#include "server/services/text_service.h"

namespace transformerd {

//   ASSIGN_OR_RETURN(auto server, Server::Start(options, loader, clock));
//   server->Run();  // until someone calls RequestStop(), then drains
//
// Thread-safe.
class Server {
 public:
  // Binds the ports, starts loading, writes the port file and serves from then
  // on. INVALID_ARGUMENT for wrong options, else a fault of the machine.
  // `loader` and `clock` must outlive the server.
  static absl::StatusOr<std::unique_ptr<Server>> Start(ServerOptions options,
                                                       ModelLoader& loader,
                                                       Clock& clock);
  // Stops at once where Run has not returned before.
  ~Server();

  const BoundPorts& ports() const { return ports_; }

  // Waits for RequestStop and watches the workers meanwhile. Then drains: not
  // ready at once, still serving for drain_delay; then refuses new requests
  // and finishes those it has, for drain_timeout at most; then stops.
  // DEADLINE_EXCEEDED where some were left. Batches that run are waited for,
  // however long they take: see ExitGuard.
  absl::Status Run() ABSL_LOCKS_EXCLUDED(mutex_);

  // Makes Run drain. A second call makes it hurry: what waits to be tokenized
  // or computed is given up.
  void RequestStop() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  Server(ServerOptions options, ModelLoader& loader, Clock& clock);

  absl::Status Listen();
  absl::Status ListenForCalls();
  absl::Status ListenForHealth();
  absl::Status ListenForHttp();
  void OnRefused(absl::string_view path, const absl::Status& status);
  absl::Status Liveness() const;
  absl::Status Readiness() const;
  std::string RenderStatusPage() const;
  // False where it ended because of a second RequestStop.
  bool PauseUntil(absl::Time end) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status FinishRequests() ABSL_LOCKS_EXCLUDED(mutex_);
  // Ends those that no worker is at.
  void GiveUpRequests();
  void Stop();

  const ServerOptions options_;
  ModelLoader& loader_;
  Clock& clock_;

  // Destroyed from the last to the first.
  Metrics metrics_;
  HealthState health_;
  Scheduler scheduler_;
  ModelQueues queues_;
  SchedulerGauges gauges_;
  RepositoryEvents events_;
  std::unique_ptr<ModelRepository> repository_;
  std::unique_ptr<WorkerPool> workers_;
  TextPool text_pool_;
  LineLimit refusal_lines_;
  std::unique_ptr<EndpointSecurity> security_;
  std::unique_ptr<InferenceService> inference_service_;
  std::unique_ptr<TextService> text_service_;
  std::unique_ptr<ModelService> model_service_;
  std::unique_ptr<GrpcEndpoint> grpc_;
  std::unique_ptr<GrpcEndpoint> health_only_;
  std::unique_ptr<HttpServer> http_;
  ServiceNotifier notifier_;  // of the thread that runs Run
  BoundPorts ports_;

  absl::Mutex mutex_;
  int stop_requests_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace transformerd
