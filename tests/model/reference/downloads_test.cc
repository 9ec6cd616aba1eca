#include "model/reference/downloads.h"

#include <ATen/ops/arange.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/reference/worker_stream.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class DownloadsTest : public ::testing::TestWithParam<at::Device> {};

TEST_P(DownloadsTest, GiveDenseFloat32WhateverTheTensorWas) {
  const WorkerStream stream(GetParam());
  const at::Tensor numbers = at::arange(6, at::kHalf).to(GetParam());
  Downloads downloads(3);

  downloads.Start(2, numbers.view({2, 3}).t());
  downloads.Start(0, numbers.narrow(0, 4, 2));
  numbers.zero_();  // what happens behind it does not reach a copy
  const std::vector<HostTensor> outputs = std::move(downloads).Take();

  ASSERT_EQ(outputs.size(), 3u);
  EXPECT_THAT(outputs[2].shape, ElementsAre(3, 2));
  EXPECT_THAT(outputs[2].as<float>(), ElementsAre(0, 3, 1, 4, 2, 5));
  EXPECT_THAT(outputs[0].as<float>(), ElementsAre(4, 5));
  EXPECT_THAT(outputs[1].bytes, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Devices, DownloadsTest,
                         ::testing::Values(at::Device(at::kCPU),
                                           at::Device(at::kCUDA, 1)),
                         [](const auto& info) {
                           return info.param.is_cpu() ? "Cpu" : "Gpu";
                         });

}  // namespace
}  // namespace transformerd
