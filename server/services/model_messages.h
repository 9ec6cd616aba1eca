// What ModelService tells, as its messages.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "model/runtime/loaded_model.h"
#include "proto/model_service.pb.h"
#include "server/lifecycle/model_repository.h"
#include "server/lifecycle/model_state.h"

namespace transformerd {

v1::Model::State ToMessage(ModelState state);
v1::LoadPhase ToMessage(LoadPhase phase);
v1::LoadReport ToMessage(const LoadReport& report);
v1::PlanLoadResponse ToMessage(absl::string_view model,
                               const RepositoryPlan& plan);

// How far a load is.
v1::LoadProgress ToMessage(const LoadProgress& progress);
// The same in its phase number `phase`, which is over.
v1::LoadProgress ToMessage(const LoadProgress& progress, size_t phase);

// The end of a load, without its versions.
v1::LoadOutcome ToMessage(const absl::Status& outcome);

// The versions of a model that are ready, with their reports.
google::protobuf::RepeatedPtrField<v1::LoadedVersion> LoadedVersions(
    const ModelRepository& repository, absl::string_view model);

}  // namespace transformerd
