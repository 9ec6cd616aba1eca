#include "server/server.h"

#include <algorithm>
#include <limits>
#include <thread>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "glog/logging.h"
#include "google/protobuf/descriptor.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"
#include "server/lifecycle/model_state.h"
#include "server/logging/log_fields.h"
#include "server/metrics/status_page.h"
#include "server/security/call_gate.h"

namespace transformerd {
namespace {

// How often Run looks whether a worker is stuck.
absl::Duration WatchInterval(absl::Duration watchdog_timeout) {
  return std::min(absl::Seconds(1), watchdog_timeout / 8);
}

// The watchdog's time-out is that of collectives as well, and those that it can
// end get some time for it.
absl::Duration CollectivePatience(absl::Duration watchdog_timeout) {
  return watchdog_timeout + watchdog_timeout / 8;
}
// For answers that are made to reach their clients; calls that are left are
// cancelled, so it is long enough for a busy machine.
constexpr absl::Duration kFlushTime = absl::Seconds(10);
constexpr absl::Duration kRefusalLineInterval = absl::Seconds(1);

std::vector<std::string> Devices(const ModelLoader& loader) {
  std::vector<std::string> devices;
  for (int worker = 0; worker < loader.num_workers(); ++worker) {
    devices.push_back(loader.device(worker));
  }
  return devices;
}

// Tokenizing is a small part of the work, so it gets a part of the cores; two,
// so that one text of a megabyte does not hold up all others.
int TextThreads() {
  return std::max(2, static_cast<int>(std::thread::hardware_concurrency()) / 4);
}

// The value of the label `method` for a path that a client has chosen: there
// must not be more of them than methods.
std::string LabelOf(absl::string_view path) {
  absl::ConsumePrefix(&path, "/");
  const bool is_known =
      google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(
          absl::StrReplaceAll(path, {{"/", "."}})) != nullptr;
  return is_known ? std::string(path) : "unknown";
}

// A little more than a request may have: such requests are read, and refused by
// a message that names the flag.
int MaxMessageBytes(int64_t max_request_bytes) {
  constexpr int64_t kNamedFlagZone = int64_t{64} << 10;
  return static_cast<int>(std::min<int64_t>(
      max_request_bytes + kNamedFlagZone, std::numeric_limits<int32_t>::max()));
}

// Says whose address an endpoint could not be bound to.
template <typename Endpoint>
absl::StatusOr<Endpoint> Named(const char* flag,
                               absl::StatusOr<Endpoint> endpoint) {
  if (endpoint.ok()) return endpoint;
  return Annotate(endpoint.status(), flag);
}

void WarnIfOpen(const ServerOptions& options) {
  if (!IsLoopback(options.metrics_address)) {
    LOG(WARNING)
        << "--metrics_address=" << options.metrics_address
        << " is reached from other machines; it is plain HTTP and "
           "tells whoever asks the names of models and why they failed";
  }
  if (IsLoopback(options.grpc_address)) return;
  const std::string address =
      absl::StrCat("--grpc_address=", options.grpc_address,
                   " is reached from other machines");
  if (!options.security.knows_clients()) {
    LOG(WARNING)
        << address << ", "
        << (options.security.has_tls()
                ? "with TLS (--tls_cert_file, --tls_key_file) but "
                : "without TLS (--tls_cert_file, --tls_key_file), and ")
        << "without client certificates (--tls_client_ca_file) and "
           "without tokens (--auth_token_file): whoever reaches it can "
           "use it";
  } else if (!options.security.has_tls()) {
    LOG(WARNING) << address
                 << " without TLS (--tls_cert_file, --tls_key_file): whoever "
                    "listens on the way reads the tokens";
  }
}

}  // namespace

Server::Server(ServerOptions options, ModelLoader& loader, Clock& clock)
    : options_(std::move(options)),
      loader_(loader),
      clock_(clock),
      metrics_(options_.version),
      scheduler_(loader.num_workers(), clock),
      queues_(scheduler_, metrics_),
      gauges_(scheduler_, Devices(loader), clock, metrics_),
      events_(metrics_, health_),
      text_pool_(TextThreads()),
      refusal_lines_(kRefusalLineInterval),
      notifier_(options_.notify_socket) {
  metrics_.AddRefresh([this] { gauges_.Refresh(); });
  if (options_.triton_metric_names) metrics_.PublishTritonNames();
}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(ServerOptions options,
                                                      ModelLoader& loader,
                                                      Clock& clock) {
  auto server = absl::WrapUnique(new Server(std::move(options), loader, clock));
  const ServerOptions& given = server->options_;
  ASSIGN_OR_RETURN(server->security_,
                   EndpointSecurity::Open(given.security, clock));
  ModelRepository::Options repository = given.repository;
  repository.clock = &clock;
  ASSIGN_OR_RETURN(
      server->repository_,
      ModelRepository::Create(std::move(repository), loader, &server->events_));
  server->events_.Attach(*server->repository_);
  server->workers_ = std::make_unique<WorkerPool>(server->scheduler_);
  // Before anybody can ask, so that readiness never shows too early.
  server->repository_->LoadAtStart(given.load_at_start);
  server->events_.UpdateReadiness();
  RETURN_IF_ERROR(server->Listen());
  if (!given.port_file.empty()) {
    RETURN_IF_ERROR(WritePortFile(given.port_file, server->ports_));
  }
  return server;
}

absl::Status Server::Listen() {
  WarnIfOpen(options_);
  RETURN_IF_ERROR(ListenForCalls());
  RETURN_IF_ERROR(ListenForHealth());
  RETURN_IF_ERROR(ListenForHttp());
  LOG(INFO) << "gRPC on " << options_.grpc_address << " port "
            << ports_.grpc_port << ", metrics on " << options_.metrics_address
            << " port " << ports_.metrics_port;
  return absl::OkStatus();
}

absl::Status Server::ListenForCalls() {
  const ServingContext serving{*repository_,
                               scheduler_,
                               queues_,
                               text_pool_,
                               health_,
                               metrics_,
                               clock_,
                               options_.version,
                               options_.default_request_timeout,
                               options_.max_request_bytes,
                               security_->authenticator()};
  inference_service_ = std::make_unique<InferenceService>(serving);
  text_service_ = std::make_unique<TextService>(serving);
  model_service_ = std::make_unique<ModelService>(serving, clock_);
  GrpcEndpointOptions grpc;
  grpc.address = options_.grpc_address;
  grpc.port = options_.grpc_port;
  grpc.enable_reflection = options_.enable_reflection;
  grpc.max_connection_age = options_.max_connection_age;
  grpc.max_message_bytes = MaxMessageBytes(options_.max_request_bytes);
  grpc.certificates = security_->certificates();
  grpc.gate = std::make_shared<CallGate>(
      security_->authenticator(),
      [this](absl::string_view path, const absl::Status& status) {
        OnRefused(path, status);
      });
  grpc.services = {inference_service_.get(), text_service_.get(),
                   model_service_.get()};
  ASSIGN_OR_RETURN(grpc_,
                   Named("--grpc_port", GrpcEndpoint::Start(grpc, health_)));
  ports_.grpc_port = grpc_->port();
  return absl::OkStatus();
}

absl::Status Server::ListenForHealth() {
  if (!options_.health_port.has_value()) return absl::OkStatus();
  GrpcEndpointOptions health;
  health.address = options_.grpc_address;
  health.port = *options_.health_port;
  ASSIGN_OR_RETURN(health_only_, Named("--health_port",
                                       GrpcEndpoint::Start(health, health_)));
  ports_.health_port = health_only_->port();
  return absl::OkStatus();
}

absl::Status Server::ListenForHttp() {
  HttpEndpoints http;
  http.metrics = [this] { return metrics_.Expose(); };
  http.liveness = [this] { return Liveness(); };
  http.readiness = [this] { return Readiness(); };
  http.status_page = [this] { return RenderStatusPage(); };
  ASSIGN_OR_RETURN(
      http_, Named("--metrics_port",
                   HttpServer::Start(options_.metrics_address,
                                     options_.metrics_port, std::move(http))));
  ports_.metrics_port = http_->port();
  return absl::OkStatus();
}

void Server::OnRefused(absl::string_view path, const absl::Status& status) {
  const std::string method = LabelOf(path);
  metrics_.RecordRpcStarted(method);
  metrics_.RecordRpcHandled(method, absl::StatusCodeToString(status.code()),
                            absl::ZeroDuration());
  const std::optional<int64_t> left_out =
      refusal_lines_.LetThrough(clock_.Now());
  if (!left_out.has_value()) return;
  LogFields fields;
  fields.Insist();
  fields.Add("method", method);
  fields.Add("code", absl::StatusCodeToString(status.code()));
  if (*left_out > 0) fields.Add("left_out", absl::StrCat(*left_out));
  LOG(WARNING) << "audit: refused" << fields;
}

Server::~Server() { Stop(); }

absl::Status Server::Liveness() const {
  for (int worker = 0; worker < loader_.num_workers(); ++worker) {
    const absl::Duration busy = scheduler_.busy_for(worker);
    if (busy <= options_.watchdog_timeout) continue;
    return absl::UnavailableError(
        absl::StrCat("worker ", worker, " has been at one batch for ",
                     absl::FormatDuration(busy), ", --watchdog_timeout is ",
                     absl::FormatDuration(options_.watchdog_timeout)));
  }
  const absl::Duration collective = repository_->LongestCollective();
  if (collective > CollectivePatience(options_.watchdog_timeout)) {
    return absl::UnavailableError(absl::StrCat(
        "a load has waited in one collective for ",
        absl::FormatDuration(collective), ", --watchdog_timeout is ",
        absl::FormatDuration(options_.watchdog_timeout)));
  }
  return absl::OkStatus();
}

absl::Status Server::Readiness() const {
  if (health_.is_draining()) return absl::UnavailableError("draining");
  return repository_->Readiness();
}

std::string Server::RenderStatusPage() const {
  StatusPage page;
  page.server_version = options_.version;
  // For who reloads it: nothing here waits for the folder.
  repository_->LookAsync(nullptr);
  for (ModelIndexEntry& entry : repository_->Index()) {
    page.models.push_back({std::move(entry.name), absl::StrCat(entry.version),
                           std::string(RepositoryStateName(entry.state)),
                           std::move(entry.reason)});
  }
  return RenderHtml(page);
}

void Server::RequestStop() {
  bool hurry = false;
  {
    absl::MutexLock lock(&mutex_);
    hurry = ++stop_requests_ > 1;
  }
  if (!hurry) return;
  LOG(WARNING) << "asked to stop again: giving up what is queued";
  GiveUpRequests();
}

absl::Status Server::Run() {
  const auto asked = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return stop_requests_ > 0;
  };
  for (bool stop = false; !stop;) {
    const absl::Time next_look =
        clock_.Now() + WatchInterval(options_.watchdog_timeout);
    const absl::Status liveness = Liveness();
    health_.Set(kHealthLiveness, liveness.ok());
    notifier_.Tell(liveness, Readiness());
    absl::MutexLock lock(&mutex_);
    stop = clock_.AwaitUntil(mutex_, absl::Condition(&asked), next_look);
  }
  LOG(INFO) << "draining: not ready any more, serving for "
            << options_.drain_delay << " more";
  notifier_.TellStopping();
  const absl::Time delay_end = clock_.Now() + options_.drain_delay;
  health_.StartDraining();
  absl::Status drained;
  if (PauseUntil(delay_end)) drained = FinishRequests();
  Stop();
  LOG(INFO) << "stopped";
  return drained;
}

bool Server::PauseUntil(absl::Time end) {
  const auto hurried = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return stop_requests_ > 1;
  };
  absl::MutexLock lock(&mutex_);
  return !clock_.AwaitUntil(mutex_, absl::Condition(&hurried), end);
}

absl::Status Server::FinishRequests() {
  LOG(INFO) << "draining: refusing new requests, finishing those that came";
  const absl::Time end = clock_.Now() + options_.drain_timeout;
  repository_->BeginDrain();
  scheduler_.Drain();
  if (scheduler_.AwaitIdle(end)) return absl::OkStatus();
  return absl::DeadlineExceededError(
      absl::StrCat("requests were left after --drain_timeout=",
                   absl::FormatDuration(options_.drain_timeout)));
}

void Server::GiveUpRequests() {
  text_pool_.Stop();
  scheduler_.Stop();
}

void Server::Stop() {
  health_.StartDraining();
  // Ends the wait of every inference call, so that the handles come back that
  // the repository waits for; then of every load; then the calls.
  GiveUpRequests();
  if (repository_ != nullptr) repository_->Shutdown();
  if (grpc_ != nullptr) grpc_->Stop(kFlushTime);
  if (health_only_ != nullptr) health_only_->Stop(kFlushTime);
  http_.reset();
}

}  // namespace transformerd
