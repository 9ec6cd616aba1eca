#include "server/services/model_service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "model/base/process_memory.h"
#include "proto/status_codec.h"
#include "server/services/call_record.h"
#include "server/services/load_operation_call.h"
#include "server/services/model_messages.h"
#include "server/services/typed_parameters.h"
#include "server/services/watch_call.h"

namespace transformerd {
namespace {

// Between two looks of those who watch.
constexpr absl::Duration kWatchInterval = absl::Milliseconds(100);

int64_t ProcessBytes() { return ResidentBytes().value_or(0); }

}  // namespace

ModelService::ModelService(ServingContext serving, Clock& clock)
    : serving_(std::move(serving)), ticker_(clock, kWatchInterval) {}

grpc::ServerUnaryReactor* ModelService::ListModels(
    grpc::CallbackServerContext* context, const v1::ListModelsRequest* request,
    v1::ListModelsResponse* response) {
  CallRecord record(serving_, *context, "ListModels", kModelService);
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  serving_.repository.LookAsync([this, record, reactor, request,
                                 response](const absl::Status& status) mutable {
    if (status.ok()) AddModels(*request, *response);
    record.Finish(status.code());
    reactor->Finish(ToGrpcStatus(status));
  });
  return reactor;
}

void ModelService::AddModels(const v1::ListModelsRequest& request,
                             v1::ListModelsResponse& response) const {
  for (ModelIndexEntry& entry : serving_.repository.Index()) {
    if (request.ready() && entry.state != ModelState::kReady) continue;
    v1::Model& model = *response.add_models();
    model.set_name(entry.name);
    model.set_version(absl::StrCat(entry.version));
    model.set_state(ToMessage(entry.state));
    model.set_reason(std::move(entry.reason));
    if (entry.state != ModelState::kReady) continue;
    const auto handle = serving_.repository.Find(entry.name, model.version());
    if (!handle.ok()) continue;  // gone meanwhile
    for (auto& [name, value] : handle->model().properties()) {
      (*model.mutable_properties())[name] = value;
    }
    *model.mutable_report() = ToMessage(handle->model().report());
  }
}

grpc::ServerUnaryReactor* ModelService::LoadModel(
    grpc::CallbackServerContext* context, const v1::LoadModelRequest* request,
    v1::LoadModelResponse* response) {
  return LoadOperationCall::Start(serving_, *context, *request, *response);
}

grpc::ServerUnaryReactor* ModelService::UnloadModel(
    grpc::CallbackServerContext* context, const v1::UnloadModelRequest* request,
    v1::UnloadModelResponse* response) {
  CallRecord record(serving_, *context, "UnloadModel", kModelService);
  record.SetModel(request->model());
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  response->set_model(request->model());
  response->set_process_bytes_before(ProcessBytes());
  // A client that leaves does not stop an unload, which others may wait for.
  serving_.repository.UnloadAsync(
      request->model(),
      [record, reactor, response](absl::StatusOr<int64_t> released) mutable {
        if (released.ok()) {
          response->set_released_bytes(*released);
          response->set_process_bytes_after(ProcessBytes());
        }
        record.Finish(released.status().code());
        reactor->Finish(ToGrpcStatus(released.status()));
      });
  return reactor;
}

grpc::ServerUnaryReactor* ModelService::PlanLoad(
    grpc::CallbackServerContext* context, const v1::PlanLoadRequest* request,
    v1::PlanLoadResponse* response) {
  CallRecord record(serving_, *context, "PlanLoad", kModelService);
  record.SetModel(request->model());
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::StatusOr<LoadParameters> parameters =
      FromMessage(request->parameters());
  if (!parameters.ok()) {
    record.Finish(parameters.status().code());
    reactor->Finish(ToGrpcStatus(parameters.status()));
    return reactor;
  }
  serving_.repository.PlanAsync(
      request->model(), request->version(), *parameters,
      [record, reactor, request,
       response](absl::StatusOr<RepositoryPlan> plan) mutable {
        if (plan.ok()) *response = ToMessage(request->model(), *plan);
        record.Finish(plan.status().code());
        reactor->Finish(ToGrpcStatus(plan.status()));
      });
  return reactor;
}

grpc::ServerWriteReactor<v1::WatchModelResponse>* ModelService::WatchModel(
    grpc::CallbackServerContext* context,
    const v1::WatchModelRequest* request) {
  return WatchCall::Start(serving_, *context, ticker_, *request);
}

}  // namespace transformerd
