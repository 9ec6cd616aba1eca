#include "server/lifecycle/model_entry.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "glog/logging.h"
#include "model/base/error_details.h"

namespace transformerd {

void ModelEntry::SetState(ModelState state) {
  CHECK(IsLegal(state_, state)) << NameOf(state_) << " -> " << NameOf(state);
  state_ = state;
}

void ModelEntry::BeginLoad(std::shared_ptr<LoadControl> control) {
  CHECK(control_ == nullptr);
  if (state_ != ModelState::kReady) SetState(ModelState::kLoading);
  failure_ = absl::OkStatus();
  control_ = std::move(control);
}

std::shared_ptr<ModelInstance> ModelEntry::FinishLoad(
    std::shared_ptr<ModelInstance> instance) {
  CHECK(control_ != nullptr);
  if (state_ != ModelState::kReady) SetState(ModelState::kReady);
  control_ = nullptr;
  return std::exchange(instance_, std::move(instance));
}

void ModelEntry::FailLoad(absl::Status failure) {
  CHECK(control_ != nullptr);
  CHECK(!failure.ok());
  if (state_ != ModelState::kReady) SetState(ModelState::kFailed);
  control_ = nullptr;
  failure_ = std::move(failure);
}

void ModelEntry::CancelLoad() {
  CHECK(control_ != nullptr);
  if (state_ != ModelState::kReady) SetState(ModelState::kUnloaded);
  control_ = nullptr;
}

std::shared_ptr<ModelInstance> ModelEntry::BeginDrain() {
  CHECK(control_ == nullptr);
  SetState(ModelState::kDraining);
  failure_ = absl::OkStatus();
  return std::move(instance_);
}

void ModelEntry::Unloaded() {
  SetState(ModelState::kUnloaded);
  failure_ = absl::OkStatus();
}

std::string ModelEntry::Reason() const {
  if (control_ != nullptr) return DescribeProgress(control_->progress());
  if (state_ == ModelState::kUnloaded) return "not loaded";
  if (failure_.ok()) return "";
  if (state_ == ModelState::kFailed) return FullReportOf(failure_);
  return absl::StrCat("the last reload failed, the model from before serves: ",
                      FullReportOf(failure_));
}

double ShareRead(const LoadProgress& progress) {
  if (progress.bytes_total <= 0) return 0;
  return std::min(1.0, static_cast<double>(progress.bytes_done) /
                           static_cast<double>(progress.bytes_total));
}

std::string DescribeProgress(const LoadProgress& progress) {
  if (progress.bytes_total <= 0) {
    return absl::StrCat("LOADING (", NameOf(progress.phase), ")");
  }
  const double done = static_cast<double>(progress.bytes_done);
  const double total = static_cast<double>(progress.bytes_total);
  // Megabytes for what would read 0.0 GB.
  const bool large = total >= 1e8;
  const double unit = large ? 1e9 : 1e6;
  std::string text = absl::StrFormat(
      "LOADING %d%% %.1f/%.1f %s", static_cast<int>(ShareRead(progress) * 100),
      done / unit, total / unit, large ? "GB" : "MB");
  if (progress.bytes_per_second > 0) {
    absl::StrAppendFormat(&text, ", %.2f GB/s, %.1f s left",
                          progress.bytes_per_second / 1e9,
                          absl::ToDoubleSeconds(progress.TimeLeft()));
  }
  return text;
}

}  // namespace transformerd
