// On the GPU of the machine with --config=cuda, else on the fake one.
#include "model/reference/device_graph.h"

#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <c10/core/TensorOptions.h>
#include <c10/util/Exception.h>

#include <memory>
#include <stdexcept>
#include <vector>

#include "gtest/gtest.h"
#include "model/reference/worker_stream.h"

namespace transformerd {
namespace {

const at::Device kGpu(at::kCUDA, 0);

class DeviceGraphTest : public ::testing::Test {
 protected:
  // A graph of a product with itself, as large as a workspace is for.
  std::unique_ptr<DeviceGraph> CaptureProduct() {
    return graphs_->Capture([&] { output_ = input_.matmul(input_).add(1); });
  }

  void ExpectProducts(DeviceGraph& graph) {
    for (const double number : {1, 2}) {
      input_.fill_(number);
      graph.Replay();
      EXPECT_TRUE(output_.to(at::kCPU).equal(
          at::full({64, 64}, 64 * number * number + 1, at::kFloat)));
    }
  }

  const WorkerStream stream_{kGpu};
  std::unique_ptr<DeviceGraphs> graphs_ = MakeDeviceGraphs(kGpu);
  at::Tensor input_ =
      at::ones({64, 64}, at::TensorOptions(at::kFloat).device(kGpu));
  at::Tensor output_ = input_.matmul(input_);  // warms libraries up
};

TEST_F(DeviceGraphTest, AReplayComputesOfWhatIsThereByThen) {
  ExpectProducts(*CaptureProduct());
}

TEST_F(DeviceGraphTest, ACaptureThatFailsLeavesNothingBehind) {
  // What waits for the device ends a capture on its own.
  EXPECT_THROW(graphs_->Capture([&] {
    output_ = input_.add(1);
    output_.sum().item<float>();
  }),
               c10::Error);
  EXPECT_THROW(graphs_->Capture([&] {
    output_ = input_.add(1);
    throw std::runtime_error("in the middle");
  }),
               std::runtime_error);

  EXPECT_EQ(at::ones({1 << 20}, input_.options()).sum().item<float>(), 1 << 20);
  ExpectProducts(*CaptureProduct());
}

TEST_F(DeviceGraphTest, ModelsComeAndGo) {
  for (int model = 0; model < 3; ++model) {
    graphs_ = MakeDeviceGraphs(kGpu);
    std::vector<std::unique_ptr<DeviceGraph>> graphs;
    for (int i = 0; i < 3; ++i) graphs.push_back(CaptureProduct());
    ExpectProducts(*graphs.back());
    graphs.clear();
  }
}

}  // namespace
}  // namespace transformerd
