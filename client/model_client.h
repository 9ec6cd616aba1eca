// Calls transformerd.v1.ModelService: loads that tell how far they are, plans
// of loads, and what a model is at.
//
//   ASSIGN_OR_RETURN(std::unique_ptr<ModelClient> models,
//                    ModelClient::Create({"127.0.0.1:8001"}));
//   ASSIGN_OR_RETURN(v1::LoadModelResponse loaded,
//                    models->LoadModel("minilm", {}, PrintProgress));
//
// The messages are those of proto/model_service.proto. Other servers answer
// UNIMPLEMENTED; Client::Load works with them as well.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/client.h"
#include "client/types.h"
#include "proto/model_service.pb.h"

namespace transformerd {

// As Client: errors, timeouts, connections. Thread-safe.
class ModelClient {
 public:
  // False ends the watch.
  using OnUpdate = absl::FunctionRef<bool(const v1::WatchModelResponse&)>;
  using OnProgress = std::function<void(const v1::WatchModelResponse&)>;

  // Connects to nothing yet. INVALID_ARGUMENT for a wrong option.
  static absl::StatusOr<std::unique_ptr<ModelClient>> Create(
      ClientOptions options);
  ~ModelClient();

  ModelClient(const ModelClient&) = delete;
  ModelClient& operator=(const ModelClient&) = delete;

  absl::StatusOr<v1::ListModelsResponse> ListModels(
      const v1::ListModelsRequest& request = {},
      const CallOptions& options = {});

  // Returns once the model is ready, or failed to become it. `on_progress` (may
  // be null) is called on another thread for what WatchModel tells of loads of
  // the model meanwhile, and not any more when this returns. A cancelled or
  // timed out call cancels the load where no other call waits for it.
  // INVALID_ARGUMENT, before anything is sent, for parameters that ModelService
  // does not have.
  absl::StatusOr<v1::LoadModelResponse> LoadModel(
      absl::string_view model, const Parameters& parameters = {},
      OnProgress on_progress = nullptr, const CallOptions& options = {});

  // Returns once the model's memory is free.
  absl::StatusOr<v1::UnloadModelResponse> UnloadModel(
      absl::string_view model, const CallOptions& options = {});

  // What a load would do; an empty version means all of them.
  absl::StatusOr<v1::PlanLoadResponse> PlanLoad(
      absl::string_view model, absl::string_view version = "",
      const Parameters& parameters = {}, const CallOptions& options = {});

  // Calls `on_update` for each update until there are no more. CANCELLED where
  // it has ended the watch.
  absl::Status WatchModel(const v1::WatchModelRequest& request,
                          OnUpdate on_update, const CallOptions& options = {});

 private:
  class Calls;

  explicit ModelClient(std::unique_ptr<Calls> calls);

  const std::unique_ptr<Calls> calls_;
};

}  // namespace transformerd
