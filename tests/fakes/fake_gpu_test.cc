#include "tests/fakes/fake_gpu.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/TensorOptions.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <c10/util/Exception.h>

#include <memory>

#include "gtest/gtest.h"
#include "model/reference/device_graph.h"

namespace transformerd {
namespace {

const at::Device kFirst(at::kCUDA, 0), kSecond(at::kCUDA, 1);

at::Tensor Numbers() { return at::arange(1, 4, at::kFloat); }

TEST(FakeGpuTest, ComputesWhatTheCpuDoes) {
  const at::Tensor on_gpu = Numbers().to(kSecond);

  const at::Tensor sum = on_gpu.add(on_gpu).mul(2).index_select(
      0, at::arange(2, at::TensorOptions(at::kLong).device(kSecond)));

  EXPECT_EQ(sum.device(), kSecond);
  EXPECT_TRUE(sum.to(at::kCPU).equal(Numbers().mul(4).narrow(0, 0, 2)));
}

TEST(FakeGpuTest, ViewsShareMemory) {
  const at::Tensor on_gpu = Numbers().to(kFirst);
  on_gpu.view({3, 1}).narrow(0, 1, 1).zero_();
  EXPECT_EQ(on_gpu.sum().item<float>(), 4);
}

TEST(FakeGpuTest, TakesNoTensorsOfAnotherDevice) {
  const at::Tensor on_gpu = Numbers().to(kFirst);
  EXPECT_THROW(on_gpu.add(Numbers()), c10::Error);
  EXPECT_THROW(Numbers().add(on_gpu), c10::Error);
  EXPECT_THROW(on_gpu.add(Numbers().to(kSecond)), c10::Error);
  EXPECT_THROW(on_gpu.index_select(0, at::arange(2, at::kLong)), c10::Error);
  EXPECT_NO_THROW(on_gpu.add(Numbers().select(0, 0)));
}

TEST(FakeGpuTest, WhatIsCopiedToPinnedMemoryIsThereOnceTheStreamIsAwaited) {
  const c10::impl::VirtualGuardImpl backend(at::kCUDA);
  const c10::StreamGuard guard(backend.getStreamFromGlobalPool(kSecond));
  const at::Tensor on_gpu = Numbers().to(kSecond);
  const at::Tensor pinned =
      at::empty({3}, at::TensorOptions(at::kFloat).pinned_memory(true));

  pinned.copy_(on_gpu, /*non_blocking=*/true);
  on_gpu.zero_();  // behind the copy

  EXPECT_TRUE(pinned.isnan().all().item<bool>());
  backend.synchronizeStream(c10::Stream(c10::Stream::DEFAULT, kSecond));
  EXPECT_TRUE(pinned.isnan().all().item<bool>()) << "another stream";
  backend.synchronizeStream(guard.current_stream());
  EXPECT_TRUE(pinned.equal(Numbers()));
}

TEST(FakeGpuTest, CopiesToOtherMemoryWait) {
  const at::Tensor host = at::empty({3}, at::kFloat);
  host.copy_(Numbers().to(kFirst), /*non_blocking=*/true);
  EXPECT_TRUE(host.equal(Numbers()));
}

class FakeGraphTest : public ::testing::Test {
 protected:
  const std::unique_ptr<DeviceGraphs> graphs_ = MakeDeviceGraphs(kFirst);
  at::Tensor input_ = Numbers().to(kFirst);
  at::Tensor output_;
};

TEST_F(FakeGraphTest, AReplayComputesOfWhatIsThereByThen) {
  const auto graph = graphs_->Capture([&] {
    output_ = at::zeros({3}, input_.options());
    output_.add_(input_).mul_(2);
    output_ = output_.to(at::kDouble);
  });
  EXPECT_TRUE(output_.to(at::kCPU).isnan().all().item<bool>());

  for (const double number : {1, 2}) {
    input_.fill_(number);
    graph->Replay();
    EXPECT_TRUE(output_.to(at::kCPU).equal(
        at::full({3}, 2 * number, at::TensorOptions(at::kDouble))));
  }
}

TEST_F(FakeGraphTest, WhatTheHostGivesOrTakesCannotBeCaptured) {
  EXPECT_THROW(graphs_->Capture([&] { input_.copy_(Numbers()); }), c10::Error);
  EXPECT_THROW(graphs_->Capture([&] { input_.to(at::kCPU); }), c10::Error);
  EXPECT_THROW(graphs_->Capture([&] { input_.sum().item<float>(); }),
               c10::Error);
  EXPECT_THROW(graphs_->Capture([&] { input_.nonzero(); }), c10::Error);
  EXPECT_NO_THROW(input_.sum().item<float>());
}

TEST_F(FakeGraphTest, CapturesHaveAStreamOfTheirOwn) {
  const c10::impl::VirtualGuardImpl backend(at::kCUDA);
  const c10::Stream outside = backend.getStream(kFirst);
  graphs_->Capture([&] {
    EXPECT_NE(backend.getStream(kFirst), outside);
    EXPECT_THROW(graphs_->Capture([] {}), c10::Error) << "one is under way";
  });
  EXPECT_EQ(backend.getStream(kFirst), outside);
}

TEST_F(FakeGraphTest, GraphsWriteOverWhatOthersComputed) {
  at::Tensor other_output;
  const auto graph = graphs_->Capture([&] { output_ = input_.add(1); });
  const auto other = graphs_->Capture([&] { other_output = input_.add(2); });
  graph->Replay();
  other->Replay();
  EXPECT_TRUE(output_.to(at::kCPU).isnan().all().item<bool>());
  EXPECT_TRUE(other_output.to(at::kCPU).equal(Numbers().add(2)));
}

TEST_F(FakeGraphTest, InputsThatWereFreedAreMissed) {
  const auto graph = graphs_->Capture([&] { output_ = input_.add(1); });
  input_ = at::Tensor();
  EXPECT_THROW(graph->Replay(), c10::Error);
}

TEST(FakeGpuDeathTest, TheHostCannotFollowItsAddresses) {
  const at::Tensor on_gpu = Numbers().to(kFirst);
  EXPECT_DEATH(static_cast<volatile float*>(on_gpu.mutable_data_ptr())[0] = 1,
               "");
}

}  // namespace
}  // namespace transformerd
