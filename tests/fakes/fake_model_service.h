// transformerd.v1.ModelService with one model, "echo".
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "proto/model_service.grpc.pb.h"

namespace transformerd {

// To be served beside a FakeInferenceServer. Thread-safe.
class FakeModelService final : public v1::ModelService::Service {
 public:
  // Each of the next `times` calls but those of WatchModel fails so.
  void FailNext(absl::Status status, int times = 1);
  // LoadModel and WatchModel are UNAUTHENTICATED without this bearer token.
  void DemandToken(std::string token);
  // Loads wait between the two, and no longer than their calls.
  void HoldLoads();
  void FinishLoads();
  // What WatchModel sends, and PlanLoad answers.
  void SetUpdates(std::vector<v1::WatchModelResponse> updates);
  void SetPlan(v1::PlanLoadResponse plan);

  v1::LoadModelRequest last_load() const;
  v1::PlanLoadRequest last_plan() const;
  v1::WatchModelRequest last_watch() const;
  // Of the last load or unload.
  bool had_deadline() const;

  grpc::Status ListModels(grpc::ServerContext* context,
                          const v1::ListModelsRequest* request,
                          v1::ListModelsResponse* response) override;
  grpc::Status LoadModel(grpc::ServerContext* context,
                         const v1::LoadModelRequest* request,
                         v1::LoadModelResponse* response) override;
  grpc::Status UnloadModel(grpc::ServerContext* context,
                           const v1::UnloadModelRequest* request,
                           v1::UnloadModelResponse* response) override;
  grpc::Status PlanLoad(grpc::ServerContext* context,
                        const v1::PlanLoadRequest* request,
                        v1::PlanLoadResponse* response) override;
  grpc::Status WatchModel(
      grpc::ServerContext* context, const v1::WatchModelRequest* request,
      grpc::ServerWriter<v1::WatchModelResponse>* writer) override;

 private:
  grpc::Status TakeFailure() ABSL_LOCKS_EXCLUDED(mutex_);
  grpc::Status CheckToken(const grpc::ServerContext& context) const
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Until a held load may finish, or its client has left.
  void AwaitMayFinish(const grpc::ServerContext& context)
      ABSL_LOCKS_EXCLUDED(mutex_);

  mutable absl::Mutex mutex_;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  int num_failures_ ABSL_GUARDED_BY(mutex_) = 0;
  std::string token_ ABSL_GUARDED_BY(mutex_);  // empty: none is demanded
  bool may_finish_ ABSL_GUARDED_BY(mutex_) = true;
  std::vector<v1::WatchModelResponse> updates_ ABSL_GUARDED_BY(mutex_);
  v1::PlanLoadResponse plan_ ABSL_GUARDED_BY(mutex_);
  v1::LoadModelRequest last_load_ ABSL_GUARDED_BY(mutex_);
  v1::PlanLoadRequest last_plan_ ABSL_GUARDED_BY(mutex_);
  v1::WatchModelRequest last_watch_ ABSL_GUARDED_BY(mutex_);
  bool had_deadline_ ABSL_GUARDED_BY(mutex_) = false;
};

// An update of a load in its stream.
v1::WatchModelResponse StreamUpdate(int64_t bytes_done, int64_t bytes_total);

}  // namespace transformerd
