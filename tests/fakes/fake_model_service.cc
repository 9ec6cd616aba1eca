#include "tests/fakes/fake_model_service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/status_codec.h"
#include "tests/fakes/has_deadline.h"

namespace transformerd {
namespace {

v1::LoadedVersion LoadedEcho() {
  v1::LoadedVersion version;
  version.set_version("1");
  v1::LoadReport& report = *version.mutable_report();
  report.set_parameters(250);
  report.set_weight_bytes(1000);
  report.set_replicas(2);
  report.set_bytes_read(1000);
  report.set_peak_host_bytes(2500000);
  report.mutable_time()->set_seconds(2);
  v1::PhaseReport& phase = *report.add_phases();
  phase.set_phase(v1::STREAM);
  phase.mutable_time()->set_nanos(500000000);
  phase.set_gigabytes_per_second(1.5);
  return version;
}

}  // namespace

void FakeModelService::FailNext(absl::Status status, int times) {
  absl::MutexLock lock(&mutex_);
  failure_ = std::move(status);
  num_failures_ = times;
}

void FakeModelService::DemandToken(std::string token) {
  absl::MutexLock lock(&mutex_);
  token_ = std::move(token);
}

void FakeModelService::HoldLoads() {
  absl::MutexLock lock(&mutex_);
  may_finish_ = false;
}

void FakeModelService::FinishLoads() {
  absl::MutexLock lock(&mutex_);
  may_finish_ = true;
}

void FakeModelService::SetUpdates(std::vector<v1::WatchModelResponse> updates) {
  absl::MutexLock lock(&mutex_);
  updates_ = std::move(updates);
}

void FakeModelService::SetPlan(v1::PlanLoadResponse plan) {
  absl::MutexLock lock(&mutex_);
  plan_ = std::move(plan);
}

v1::LoadModelRequest FakeModelService::last_load() const {
  absl::MutexLock lock(&mutex_);
  return last_load_;
}

v1::PlanLoadRequest FakeModelService::last_plan() const {
  absl::MutexLock lock(&mutex_);
  return last_plan_;
}

v1::WatchModelRequest FakeModelService::last_watch() const {
  absl::MutexLock lock(&mutex_);
  return last_watch_;
}

bool FakeModelService::had_deadline() const {
  absl::MutexLock lock(&mutex_);
  return had_deadline_;
}

grpc::Status FakeModelService::TakeFailure() {
  absl::MutexLock lock(&mutex_);
  if (num_failures_ == 0) return grpc::Status::OK;
  --num_failures_;
  return ToGrpcStatus(failure_);
}

grpc::Status FakeModelService::CheckToken(
    const grpc::ServerContext& context) const {
  absl::MutexLock lock(&mutex_);
  if (token_.empty()) return grpc::Status::OK;
  const auto sent = context.client_metadata().find("authorization");
  if (sent != context.client_metadata().end() &&
      sent->second == absl::StrCat("Bearer ", token_)) {
    return grpc::Status::OK;
  }
  return {grpc::StatusCode::UNAUTHENTICATED, "no such token"};
}

void FakeModelService::AwaitMayFinish(const grpc::ServerContext& context) {
  const auto is_over = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return may_finish_ || context.IsCancelled();
  };
  absl::MutexLock lock(&mutex_);
  // A cancellation wakes nobody.
  while (!mutex_.AwaitWithTimeout(absl::Condition(&is_over),
                                  absl::Milliseconds(1))) {
  }
}

grpc::Status FakeModelService::ListModels(grpc::ServerContext*,
                                          const v1::ListModelsRequest*,
                                          v1::ListModelsResponse* response) {
  v1::Model& model = *response->add_models();
  model.set_name("echo");
  model.set_version("1");
  model.set_state(v1::Model::READY);
  return TakeFailure();
}

grpc::Status FakeModelService::LoadModel(grpc::ServerContext* context,
                                         const v1::LoadModelRequest* request,
                                         v1::LoadModelResponse* response) {
  if (grpc::Status status = CheckToken(*context); !status.ok()) return status;
  {
    absl::MutexLock lock(&mutex_);
    last_load_ = *request;
    had_deadline_ = HasDeadline(*context);
  }
  AwaitMayFinish(*context);
  response->set_model(request->model());
  response->set_operation(3);
  *response->add_versions() = LoadedEcho();
  return TakeFailure();
}

grpc::Status FakeModelService::UnloadModel(
    grpc::ServerContext* context, const v1::UnloadModelRequest* request,
    v1::UnloadModelResponse* response) {
  {
    absl::MutexLock lock(&mutex_);
    had_deadline_ = HasDeadline(*context);
  }
  response->set_model(request->model());
  response->set_released_bytes(2000000);
  return TakeFailure();
}

grpc::Status FakeModelService::PlanLoad(grpc::ServerContext*,
                                        const v1::PlanLoadRequest* request,
                                        v1::PlanLoadResponse* response) {
  absl::MutexLock lock(&mutex_);
  last_plan_ = *request;
  *response = plan_;
  return grpc::Status::OK;
}

grpc::Status FakeModelService::WatchModel(
    grpc::ServerContext* context, const v1::WatchModelRequest* request,
    grpc::ServerWriter<v1::WatchModelResponse>* writer) {
  if (grpc::Status status = CheckToken(*context); !status.ok()) return status;
  std::vector<v1::WatchModelResponse> updates;
  {
    absl::MutexLock lock(&mutex_);
    last_watch_ = *request;
    updates = updates_;
  }
  for (const v1::WatchModelResponse& update : updates) writer->Write(update);
  if (!request->follow()) return grpc::Status::OK;
  // Until the client has what it wanted. A cancellation wakes nobody.
  const auto has_left = [context] { return context->IsCancelled(); };
  absl::MutexLock lock(&mutex_);
  while (!mutex_.AwaitWithTimeout(absl::Condition(&has_left),
                                  absl::Milliseconds(1))) {
  }
  return grpc::Status::CANCELLED;
}

v1::WatchModelResponse StreamUpdate(int64_t bytes_done, int64_t bytes_total) {
  v1::WatchModelResponse update;
  update.set_model("echo");
  update.set_version("1");
  update.set_state(v1::Model::LOADING);
  update.set_operation(3);
  v1::LoadProgress& progress = *update.mutable_progress();
  progress.set_phase(v1::STREAM);
  progress.set_bytes_done(bytes_done);
  progress.set_bytes_total(bytes_total);
  return update;
}

}  // namespace transformerd
