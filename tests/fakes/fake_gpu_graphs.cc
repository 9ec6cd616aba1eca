#include "tests/fakes/fake_gpu_graphs.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/InferenceMode.h>
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

std::atomic<int64_t> replays{0};
std::atomic<bool> is_refusing{false};

class FakeGraph : public DeviceGraph {
 public:
  explicit FakeGraph(absl::FunctionRef<void()> launch) {
    recording_.Record([&] { launch(); });
  }

  void Replay() override {
    ++replays;
    recording_.Replay();
  }

 private:
  FakeRecording recording_;
};

class FakeGraphs : public DeviceGraphs {
 public:
  explicit FakeGraphs(at::Device device) : device_(device) {}

  std::unique_ptr<DeviceGraph> Capture(
      absl::FunctionRef<void()> launch) override {
    TORCH_CHECK(CurrentFakeStream(device_) !=
                    c10::Stream(c10::Stream::DEFAULT, device_),
                "the default stream cannot be captured");
    auto graph = std::make_unique<FakeGraph>(launch);
    TORCH_CHECK(!is_refusing, "the fake GPU was asked to refuse graphs");
    return graph;
  }

 private:
  const at::Device device_;
};

const bool is_registered = RegisterGpuGraphs(
    [](at::Device device) { return std::make_unique<FakeGraphs>(device); });

}  // namespace

int64_t FakeGpuReplays() { return replays; }

void RefuseFakeGpuGraphs(bool refuse) { is_refusing = refuse; }

FakeRecording* FakeRecording::Current() { return current; }

void FakeRecording::Add(std::vector<at::Tensor> outputs, Compute again) {
  computed_.emplace_back(std::move(outputs), std::move(again));
}

void FakeRecording::Record(const std::function<void()>& launch) {
  current = this;
  try {
    launch();
  } catch (...) {
    current = nullptr;
    throw;
  }
  current = nullptr;
  for (auto& [outputs, again] : computed_) {
    for (at::Tensor& output : outputs) {
      if (allocated_.count(output.storage().data()) == 0) continue;
      if (output.is_floating_point()) {
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
