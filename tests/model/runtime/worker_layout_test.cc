#include "model/runtime/worker_layout.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

WorkerLayout TwoWorkers() {
  WorkerLayout workers;
  workers.devices = {Device(), Device()};
  return workers;
}

WorkerLayout OnGpus(int count) {
  WorkerLayout workers;
  workers.devices.clear();
  for (int index = 0; index < count; ++index) {
    workers.devices.push_back({DeviceKind::kCuda, index});
  }
  return workers;
}

TEST(WorkerLayoutTest, WorkersShareOneCopyUnlessMoreIsAskedFor) {
  ASSERT_OK_AND_ASSIGN(const WorkerLayout workers,
                       WithReplicas(TwoWorkers(), {}));
  EXPECT_EQ(workers.num_replicas(), 1);
  EXPECT_EQ(workers.transport, TransportKind::kInProcess);
  EXPECT_EQ(workers.loading_strategy, LoadingStrategy::kMemoryEfficient);
}

TEST(WorkerLayoutTest, WhatIsSentOrReadTwiceNeedsCopies) {
  ReplicaOptions gloo, free_for_all, in_process;
  gloo.transport = TransportKind::kGloo;
  free_for_all.loading_strategy = LoadingStrategy::kFreeForAll;
  in_process.transport = TransportKind::kInProcess;

  EXPECT_EQ(WithReplicas(TwoWorkers(), gloo)->num_replicas(), 2);
  EXPECT_EQ(WithReplicas(TwoWorkers(), free_for_all)->num_replicas(), 2);
  EXPECT_EQ(WithReplicas(TwoWorkers(), in_process)->num_replicas(), 1);
}

TEST(WorkerLayoutTest, CopiesMayBeAskedFor) {
  ReplicaOptions options;
  options.cpu_replicas = CpuReplicas::kPrivate;

  ASSERT_OK_AND_ASSIGN(const WorkerLayout workers,
                       WithReplicas(TwoWorkers(), options));

  EXPECT_EQ(workers.num_replicas(), 2);
  EXPECT_EQ(workers.transport, TransportKind::kInProcess);
}

TEST(WorkerLayoutTest, NamesBothOptionsThatContradict) {
  ReplicaOptions gloo, free_for_all;
  gloo.cpu_replicas = free_for_all.cpu_replicas = CpuReplicas::kShared;
  gloo.transport = TransportKind::kGloo;
  free_for_all.loading_strategy = LoadingStrategy::kFreeForAll;

  EXPECT_THAT(WithReplicas(TwoWorkers(), gloo),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("transport=gloo"),
                             HasSubstr("cpu_replicas=shared"))));
  EXPECT_THAT(WithReplicas(TwoWorkers(), free_for_all),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("loading_strategy=free_for_all"),
                             HasSubstr("cpu_replicas=shared"))));
}

TEST(WorkerLayoutTest, NcclIsNotForCpus) {
  ReplicaOptions options;
  options.transport = TransportKind::kNccl;
  EXPECT_THAT(WithReplicas(TwoWorkers(), options),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("transport=nccl")));
}

TEST(WorkerLayoutTest, GpusHaveACopyEachAndGetItOverNcclWhereItIsSent) {
  ReplicaOptions plain, free_for_all, in_process;
  free_for_all.loading_strategy = LoadingStrategy::kFreeForAll;
  in_process.transport = TransportKind::kInProcess;
  struct Case {
    int gpus;
    ReplicaOptions options;
    TransportKind transport;
    int readers;
  };
  const Case cases[] = {{1, plain, TransportKind::kInProcess, 1},
                        {3, plain, TransportKind::kNccl, 1},
                        {3, free_for_all, TransportKind::kInProcess, 3},
                        {3, in_process, TransportKind::kInProcess, 1}};
  for (const Case& c : cases) {
    ASSERT_OK_AND_ASSIGN(const WorkerLayout workers,
                         WithReplicas(OnGpus(c.gpus), c.options));
    EXPECT_EQ(workers.num_replicas(), c.gpus);
    EXPECT_EQ(workers.transport, c.transport);
    EXPECT_EQ(workers.num_readers(), c.readers);
  }
}

TEST(WorkerLayoutTest, GlooIsNotForGpus) {
  ReplicaOptions options;
  options.transport = TransportKind::kGloo;
  EXPECT_THAT(WithReplicas(OnGpus(2), options),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("the workers are on GPUs")));
}

TEST(WorkerLayoutTest, NamesOfReplicasAreTheirValues) {
  for (const CpuReplicas replicas :
       {CpuReplicas::kAuto, CpuReplicas::kShared, CpuReplicas::kPrivate}) {
    EXPECT_EQ(CpuReplicasFromName(NameOf(replicas)), replicas);
  }
  EXPECT_EQ(CpuReplicasFromName("some"), std::nullopt);
}

}  // namespace
}  // namespace transformerd
