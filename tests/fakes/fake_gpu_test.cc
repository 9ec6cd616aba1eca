#include "tests/fakes/fake_gpu.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/TensorOptions.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <c10/util/Exception.h>

#include "gtest/gtest.h"

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

TEST(FakeGpuDeathTest, TheHostCannotFollowItsAddresses) {
  const at::Tensor on_gpu = Numbers().to(kFirst);
  EXPECT_DEATH(static_cast<volatile float*>(on_gpu.mutable_data_ptr())[0] = 1,
               "");
}

}  // namespace
}  // namespace transformerd
