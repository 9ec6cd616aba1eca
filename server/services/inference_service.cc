#include "server/services/inference_service.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "model/base/status_macros.h"
#include "proto/status_codec.h"
#include "server/lifecycle/model_state.h"
#include "server/services/call_record.h"
#include "server/services/infer_call.h"
#include "server/services/load_call.h"
#include "server/services/log_settings.h"
#include "server/services/model_description.h"
#include "server/services/repository_parameters.h"
#include "server/services/statistics_answer.h"

namespace transformerd {
namespace {

// Triton's names. Only what works here: clients switch features by them.
constexpr absl::string_view kExtensions[] = {
    "model_repository",   "model_repository(unload_dependents)",
    "schedule_policy",    "model_configuration",
    "binary_tensor_data", "parameters",
    "statistics",         "logging"};

}  // namespace

InferenceService::InferenceService(ServingContext serving)
    : serving_(std::move(serving)) {}

grpc::ServerUnaryReactor* InferenceService::Answer(
    grpc::CallbackServerContext* context, absl::string_view method,
    absl::FunctionRef<absl::Status()> answer) {
  CallRecord record(serving_, *context, method);
  const absl::Status status = answer();
  record.Finish(status.code());
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpcStatus(status));
  return reactor;
}

grpc::ServerUnaryReactor* InferenceService::ServerLive(
    grpc::CallbackServerContext* context, const inference::ServerLiveRequest*,
    inference::ServerLiveResponse* response) {
  return Answer(context, "ServerLive", [&] {
    response->set_live(serving_.health.Get(kHealthLiveness).value_or(false));
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* InferenceService::ServerReady(
    grpc::CallbackServerContext* context, const inference::ServerReadyRequest*,
    inference::ServerReadyResponse* response) {
  return Answer(context, "ServerReady", [&] {
    response->set_ready(serving_.health.Get(kHealthReadiness).value_or(false));
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* InferenceService::ModelReady(
    grpc::CallbackServerContext* context,
    const inference::ModelReadyRequest* request,
    inference::ModelReadyResponse* response) {
  return Answer(context, "ModelReady", [&] {
    // Clients ask for models that may not be there, and mean no error by it.
    response->set_ready(
        !serving_.health.is_draining() &&
        serving_.repository.Find(request->name(), request->version()).ok());
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* InferenceService::ServerMetadata(
    grpc::CallbackServerContext* context,
    const inference::ServerMetadataRequest*,
    inference::ServerMetadataResponse* response) {
  return Answer(context, "ServerMetadata", [&] {
    response->set_name("transformerd");
    response->set_version(serving_.server_version);
    for (const absl::string_view extension : kExtensions) {
      response->add_extensions(std::string(extension));
    }
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* InferenceService::ModelMetadata(
    grpc::CallbackServerContext* context,
    const inference::ModelMetadataRequest* request,
    inference::ModelMetadataResponse* response) {
  return Answer(context, "ModelMetadata", [&]() -> absl::Status {
    ASSIGN_OR_RETURN(
        const ModelHandle handle,
        serving_.repository.Find(request->name(), request->version()));
    *response =
        DescribeModel(handle, serving_.repository.ReadyVersions(handle.name()));
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* InferenceService::ModelInfer(
    grpc::CallbackServerContext* context,
    const inference::ModelInferRequest* request,
    inference::ModelInferResponse* response) {
  return InferCall::Start(serving_, *context, *request, *response);
}

grpc::ServerUnaryReactor* InferenceService::ModelConfig(
    grpc::CallbackServerContext* context,
    const inference::ModelConfigRequest* request,
    inference::ModelConfigResponse* response) {
  return Answer(context, "ModelConfig", [&]() -> absl::Status {
    ASSIGN_OR_RETURN(
        const ModelHandle handle,
        serving_.repository.Find(request->name(), request->version()));
    *response->mutable_config() = DescribeServing(handle);
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* InferenceService::ModelStatistics(
    grpc::CallbackServerContext* context,
    const inference::ModelStatisticsRequest* request,
    inference::ModelStatisticsResponse* response) {
  return Answer(context, "ModelStatistics", [&]() -> absl::Status {
    const auto add = [&](const std::string& name, int64_t version) {
      const ModelMetrics& metrics =
          serving_.metrics.ForModel(name, absl::StrCat(version));
      *response->add_model_stats() =
          DescribeStatistics(name, version, metrics.statistics());
    };
    if (!request->name().empty()) {
      ASSIGN_OR_RETURN(
          const ModelHandle handle,
          serving_.repository.Find(request->name(), request->version()));
      add(handle.name(), handle.version());
      return absl::OkStatus();
    }
    for (const ModelIndexEntry& entry : serving_.repository.Index()) {
      if (entry.state == ModelState::kReady) add(entry.name, entry.version);
    }
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* InferenceService::RepositoryIndex(
    grpc::CallbackServerContext* context,
    const inference::RepositoryIndexRequest* request,
    inference::RepositoryIndexResponse* response) {
  CallRecord record(serving_, *context, "RepositoryIndex");
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  auto answer = [this, record, reactor, request,
                 response](const absl::Status& status) mutable {
    if (status.ok()) AddModels(*request, *response);
    record.Finish(status.code());
    reactor->Finish(ToGrpcStatus(status));
  };
  const absl::Status valid = CheckRepositoryName(request->repository_name());
  if (!valid.ok()) {
    answer(valid);
  } else {
    serving_.repository.LookAsync(std::move(answer));
  }
  return reactor;
}

void InferenceService::AddModels(
    const inference::RepositoryIndexRequest& request,
    inference::RepositoryIndexResponse& response) const {
  for (ModelIndexEntry& entry : serving_.repository.Index()) {
    if (request.ready() && entry.state != ModelState::kReady) continue;
    auto* model = response.add_models();
    model->set_name(std::move(entry.name));
    model->set_version(absl::StrCat(entry.version));
    model->set_state(std::string(RepositoryStateName(entry.state)));
    model->set_reason(std::move(entry.reason));
  }
}

grpc::ServerUnaryReactor* InferenceService::RepositoryModelLoad(
    grpc::CallbackServerContext* context,
    const inference::RepositoryModelLoadRequest* request,
    inference::RepositoryModelLoadResponse*) {
  return LoadCall::Start(serving_, *context, *request);
}

grpc::ServerUnaryReactor* InferenceService::RepositoryModelUnload(
    grpc::CallbackServerContext* context,
    const inference::RepositoryModelUnloadRequest* request,
    inference::RepositoryModelUnloadResponse*) {
  CallRecord record(serving_, *context, "RepositoryModelUnload");
  record.SetModel(request->model_name());
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  auto done = [record, reactor](absl::StatusOr<int64_t> released) mutable {
    record.Finish(released.status().code());
    reactor->Finish(ToGrpcStatus(released.status()));
  };
  // A client that leaves does not stop an unload, which others may wait for.
  const absl::Status valid = CheckUnloadRequest(*request);
  if (!valid.ok()) {
    done(valid);
  } else {
    serving_.repository.UnloadAsync(request->model_name(), std::move(done));
  }
  return reactor;
}

grpc::ServerUnaryReactor* InferenceService::LogSettings(
    grpc::CallbackServerContext* context,
    const inference::LogSettingsRequest* request,
    inference::LogSettingsResponse* response) {
  return Answer(context, "LogSettings",
                [&] { return ApplyLogSettings(*request, *response); });
}

}  // namespace transformerd
