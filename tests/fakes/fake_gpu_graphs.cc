#include "tests/fakes/fake_gpu_graphs.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/StreamGuard.h>
#include <c10/util/Exception.h>

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>

#include "model/reference/device_graph.h"
#include "tests/fakes/fake_gpu.h"
#include "tests/fakes/fake_gpu_streams.h"

namespace transformerd {
namespace {

thread_local FakeRecording* current = nullptr;

std::atomic<int64_t> captures{0};
std::atomic<int64_t> replays{0};
std::atomic<FakeGraphFailure> failure{FakeGraphFailure::kNone};

void FailIf(FakeGraphFailure what) {
  TORCH_CHECK(failure != what, "the fake GPU was asked to fail at this");
}

// Whose results are in the memory that graphs share.
using LastReplayed = std::shared_ptr<std::weak_ptr<FakeRecording>>;

class FakeGraph : public DeviceGraph {
 public:
  FakeGraph(LastReplayed last, absl::FunctionRef<void()> launch)
      : last_(std::move(last)) {
    recording_->Record([&] { launch(); });
  }

  void Replay() override {
    FailIf(FakeGraphFailure::kReplay);
    const std::shared_ptr<FakeRecording> before = last_->lock();
    if (before != nullptr && before != recording_) before->Overwrite();
    *last_ = recording_;
    recording_->Replay();
    ++replays;
  }

 private:
  const std::shared_ptr<FakeRecording> recording_ =
      std::make_shared<FakeRecording>();
  const LastReplayed last_;
};

class FakeGraphs : public DeviceGraphs {
 public:
  explicit FakeGraphs(at::Device device) : stream_(NewFakeStream(device)) {}

  std::unique_ptr<DeviceGraph> Capture(
      absl::FunctionRef<void()> launch) override {
    const c10::StreamGuard guard(stream_);
    FailIf(FakeGraphFailure::kBeginCapture);
    auto graph = std::make_unique<FakeGraph>(last_, launch);
    FailIf(FakeGraphFailure::kEndCapture);
    ++captures;
    return graph;
  }

 private:
  const c10::Stream stream_;
  const LastReplayed last_ = std::make_shared<std::weak_ptr<FakeRecording>>();
};

const bool is_registered = RegisterGpuGraphs(
    [](at::Device device) { return std::make_unique<FakeGraphs>(device); });

}  // namespace

int64_t FakeGpuCaptures() { return captures; }
int64_t FakeGpuReplays() { return replays; }

void FailAtFakeGraphs(FakeGraphFailure what) { failure = what; }

FakeRecording* FakeRecording::Current() { return current; }

void FakeRecording::Add(std::vector<at::Tensor> outputs, Compute again) {
  computed_.emplace_back(std::move(outputs), std::move(again));
}

void FakeRecording::Record(const std::function<void()>& launch) {
  TORCH_CHECK(current == nullptr, "this thread captures already");
  current = this;
  try {
    launch();
  } catch (...) {
    current = nullptr;
    throw;
  }
  current = nullptr;
  Overwrite();
}

void FakeRecording::Overwrite() const {
  const c10::InferenceMode inference_mode;
  for (const auto& [outputs, again] : computed_) {
    for (at::Tensor output : outputs) {
      const bool is_ours = allocated_.count(output.storage().data()) > 0;
      if (is_ours && output.is_floating_point()) {
        output.fill_(std::numeric_limits<double>::quiet_NaN());
      }
    }
  }
}

void FakeRecording::Replay() const {
  const c10::InferenceMode inference_mode;
  for (const auto& [outputs, again] : computed_) {
    const std::vector<at::Tensor> computed = again();
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (outputs[i].const_data_ptr() == computed[i].const_data_ptr()) continue;
      at::Tensor output = outputs[i];
      output.copy_(computed[i]);
    }
  }
}

at::Tensor Borrowed(const at::Tensor& tensor) {
  if (!tensor.defined() || tensor.is_cpu()) return tensor;
  // Results that operators find the size of.
  if (tensor.numel() == 0) return at::empty(tensor.sizes(), tensor.options());
  return at::for_blob(const_cast<void*>(tensor.const_data_ptr()),
                      tensor.sizes())
      .strides(tensor.strides())
      .options(tensor.options())
      .target_device(tensor.device())
      .make_tensor();
}

c10::IValue Borrowed(const c10::IValue& value) {
  if (value.isTensor()) return Borrowed(value.toTensor());
  if (value.isTensorList()) {
    c10::List<at::Tensor> borrowed;
    for (const at::Tensor& tensor : value.toTensorVector()) {
      borrowed.push_back(Borrowed(tensor));
    }
    return borrowed;
  }
  if (value.isOptionalTensorList()) {
    c10::List<std::optional<at::Tensor>> borrowed;
    for (const auto& tensor : value.toOptionalTensorVector()) {
      borrowed.push_back(tensor ? std::make_optional(Borrowed(*tensor))
                                : std::nullopt);
    }
    return borrowed;
  }
  return value;
}

}  // namespace transformerd
