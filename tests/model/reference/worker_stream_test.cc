#include "model/reference/worker_stream.h"

#include <c10/core/Stream.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <thread>

#include "gtest/gtest.h"

namespace transformerd {
namespace {

const at::Device kFirst(at::kCUDA, 0), kSecond(at::kCUDA, 1);

c10::Stream Current(at::Device device) {
  return c10::impl::VirtualGuardImpl(at::kCUDA).getStream(device);
}

c10::Stream StreamInside(at::Device device) {
  const WorkerStream stream(device);
  return Current(device);
}

TEST(WorkerStreamTest, IsTheSameOneEachTimeAndNotTheDefault) {
  const c10::Stream before = Current(kSecond);
  const c10::Stream first = StreamInside(kSecond);
  EXPECT_EQ(first.device(), kSecond);
  EXPECT_NE(first, before);
  EXPECT_EQ(StreamInside(kSecond), first);
  EXPECT_EQ(Current(kSecond), before);
}

TEST(WorkerStreamTest, EachThreadAndDeviceHasItsOwn) {
  const c10::Stream mine = StreamInside(kSecond);
  c10::Stream others = mine;
  std::thread([&others] { others = StreamInside(kSecond); }).join();
  EXPECT_NE(others, mine);
  EXPECT_NE(StreamInside(kFirst), mine);
}

TEST(WorkerStreamTest, MakesTheDeviceTheCurrentOne) {
  const c10::impl::VirtualGuardImpl backend(at::kCUDA);
  backend.setDevice(kFirst);
  const WorkerStream stream(kSecond);
  EXPECT_EQ(backend.getDevice(), kSecond);
}

TEST(WorkerStreamTest, TheCpuHasNone) { const WorkerStream stream(at::kCPU); }

}  // namespace
}  // namespace transformerd
