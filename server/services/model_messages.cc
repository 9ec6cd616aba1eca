#include "server/services/model_messages.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "glog/logging.h"
#include "model/base/error_details.h"
#include "model/base/printable.h"
#include "server/lifecycle/load_report_table.h"

namespace transformerd {
namespace {

using Texts = google::protobuf::RepeatedPtrField<std::string>;

// Of a key or a warning: longer ones are nobody's doing but a hostile file's.
constexpr size_t kMaxTextCost = 2000;

void Set(absl::Duration time, google::protobuf::Duration& message) {
  const absl::Duration left = time % absl::Seconds(1);
  message.set_seconds(absl::ToInt64Seconds(time));
  message.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(left)));
}

// Keys come from files, and need not be the UTF-8 that messages hold.
std::string Text(absl::string_view text) {
  return Printable(text, kMaxTextCost);
}

void Set(const std::vector<std::string>& texts, Texts& message) {
  for (const std::string& text : texts) *message.Add() = Text(text);
}

void Set(const std::vector<Misfit>& misfits,
         google::protobuf::RepeatedPtrField<v1::Misfit>& message) {
  for (const Misfit& misfit : misfits) {
    v1::Misfit& added = *message.Add();
    added.set_key(Text(misfit.key));
    added.set_file(Text(misfit.file));
    added.set_model(misfit.model);
  }
}

void Set(const std::map<std::string, int64_t>& device_bytes,
         google::protobuf::RepeatedPtrField<v1::DeviceMemory>& message) {
  for (const auto& [device, bytes] : device_bytes) {
    v1::DeviceMemory& added = *message.Add();
    added.set_device(device);
    added.set_weight_bytes(bytes);
  }
}

void SetFree(const std::map<std::string, int64_t>& free_bytes,
             google::protobuf::RepeatedPtrField<v1::DeviceMemory>& message) {
  for (v1::DeviceMemory& device : message) {
    const auto found = free_bytes.find(device.device());
    if (found != free_bytes.end()) device.set_free_bytes(found->second);
  }
}

void Set(const PlannedLoad& planned, v1::PlannedVersion& message) {
  message.set_architecture(planned.architecture);
  message.set_family(planned.family);
  message.set_dtype(std::string(NameOf(planned.dtype)));
  message.set_parameters(planned.parameters);
  message.set_tensors_read(planned.tensors_read);
  message.set_bytes_read(planned.bytes_read);
  message.set_bytes_sent(planned.bytes_broadcast);
  message.set_weight_bytes(planned.weight_bytes);
  message.set_replicas(planned.replicas);
  message.set_staging_bytes(planned.host.staging_bytes);
  Set(planned.device_bytes, *message.mutable_devices());
  SetFree(planned.device_free_bytes, *message.mutable_devices());
  if (!planned.mismatch.is_empty()) {
    v1::Mismatches& mismatches = *message.mutable_mismatches();
    Set(planned.mismatch.missing, *mismatches.mutable_missing());
    Set(planned.mismatch.unexpected, *mismatches.mutable_unexpected());
    Set(planned.mismatch.shapes, *mismatches.mutable_shapes());
    Set(planned.mismatch.dtypes, *mismatches.mutable_dtypes());
  }
  Set(planned.initialized, *message.mutable_initialized());
  Set(planned.unused_keys, *message.mutable_unused_keys());
  Set(planned.warnings, *message.mutable_warnings());
}

}  // namespace

v1::Model::State ToMessage(ModelState state) {
  switch (state) {
    case ModelState::kUnloaded:
      return v1::Model::UNLOADED;
    case ModelState::kLoading:
      return v1::Model::LOADING;
    case ModelState::kReady:
      return v1::Model::READY;
    case ModelState::kDraining:
      return v1::Model::DRAINING;
    case ModelState::kFailed:
      return v1::Model::FAILED;
  }
  LOG(FATAL) << "no model state " << static_cast<int>(state);
  return v1::Model::STATE_UNSPECIFIED;
}

v1::LoadPhase ToMessage(LoadPhase phase) {
  switch (phase) {
    case LoadPhase::kQueued:
      return v1::QUEUED;
    case LoadPhase::kPlan:
      return v1::PLAN;
    case LoadPhase::kAllocate:
      return v1::ALLOCATE;
    case LoadPhase::kStream:
      return v1::STREAM;
    case LoadPhase::kWarmUp:
      return v1::WARM_UP;
    case LoadPhase::kDone:
      return v1::DONE;
  }
  LOG(FATAL) << "no load phase " << static_cast<int>(phase);
  return v1::LOAD_PHASE_UNSPECIFIED;
}

v1::LoadReport ToMessage(const LoadReport& report) {
  v1::LoadReport message;
  for (const PhaseTime& phase : report.phases) {
    v1::PhaseReport& added = *message.add_phases();
    added.set_phase(ToMessage(phase.phase));
    Set(phase.time, *added.mutable_time());
    added.set_gigabytes_per_second(
        GigabytesPerSecond(BytesMoved(report, phase.phase), phase.time));
  }
  Set(TotalTime(report), *message.mutable_time());
  message.set_parameters(report.parameters);
  message.set_weight_bytes(report.weight_bytes);
  message.set_replicas(report.replicas);
  message.set_bytes_read(report.bytes_read);
  message.set_bytes_sent(report.bytes_broadcast);
  message.set_peak_host_bytes(report.peak_host_bytes);
  message.set_peak_process_bytes(report.peak_process_bytes);
  Set(report.device_bytes, *message.mutable_devices());
  Set(report.unused_keys, *message.mutable_unused_keys());
  Set(report.warnings, *message.mutable_warnings());
  return message;
}

v1::PlanLoadResponse ToMessage(absl::string_view model,
                               const RepositoryPlan& plan) {
  v1::PlanLoadResponse message;
  message.set_model(std::string(model));
  for (const auto& [version, planned] : plan.versions) {
    v1::PlannedVersion& added = *message.add_versions();
    added.set_version(absl::StrCat(version));
    Set(planned, added);
  }
  v1::HostMemory& memory = *message.mutable_host_memory();
  memory.set_needed_bytes(plan.host.total());
  if (plan.room.has_value()) {
    memory.set_free_bytes(plan.room->bytes);
    memory.set_bound(plan.room->bound);
  }
  message.set_fits(plan.fits());
  return message;
}

v1::LoadProgress ToMessage(const LoadProgress& progress) {
  v1::LoadProgress message;
  message.set_phase(ToMessage(progress.phase));
  message.set_rank(progress.rank);
  message.set_tensors_done(progress.tensors_done);
  message.set_tensors_total(progress.tensors_total);
  message.set_bytes_done(progress.bytes_done);
  message.set_bytes_total(progress.bytes_total);
  message.set_bytes_per_second(progress.bytes_per_second);
  const absl::Duration left = progress.TimeLeft();
  if (left < absl::InfiniteDuration()) Set(left, *message.mutable_time_left());
  if (!progress.phases.empty()) {
    Set(progress.phases.back().time, *message.mutable_phase_time());
  }
  return message;
}

v1::LoadProgress ToMessage(const LoadProgress& progress, size_t phase) {
  CHECK_LT(phase, progress.phases.size());
  LoadProgress then = progress;
  then.phase = progress.phases[phase].phase;
  then.phases.resize(phase + 1);
  // Nothing was read before the weights were, and all of it afterwards.
  if (then.phase < LoadPhase::kStream) then.tensors_done = then.bytes_done = 0;
  return ToMessage(then);
}

v1::LoadOutcome ToMessage(const absl::Status& outcome) {
  v1::LoadOutcome message;
  message.set_code(absl::StatusCodeToString(outcome.code()));
  message.set_message(Text(outcome.message()));
  message.set_reason(ReasonOf(outcome).value_or(""));
  return message;
}

google::protobuf::RepeatedPtrField<v1::LoadedVersion> LoadedVersions(
    const ModelRepository& repository, absl::string_view model) {
  google::protobuf::RepeatedPtrField<v1::LoadedVersion> versions;
  for (const int64_t version : repository.ReadyVersions(model)) {
    const auto handle = repository.Find(model, absl::StrCat(version));
    if (!handle.ok()) continue;  // gone meanwhile
    v1::LoadedVersion& added = *versions.Add();
    added.set_version(absl::StrCat(version));
    *added.mutable_report() = ToMessage(handle->model().report());
  }
  return versions;
}

}  // namespace transformerd
