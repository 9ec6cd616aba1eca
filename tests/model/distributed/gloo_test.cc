// Guards the mix of the distribution's Gloo headers with LibTorch's Gloo: where
// this fails, build with --define=gloo=off.
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "glog/logging.h"
#include "gtest/gtest.h"
#include "model/distributed/transports.h"
#include "tests/model/loading/load_fault_suite.h"
#include "tests/model/loading/transport_suite.h"

namespace transformerd {
namespace {

Group MakeGroup(int world_size, absl::Duration timeout) {
  PrepareTransports();
  TransportOptions options;
  options.kind = TransportKind::kGloo;
  options.world_size = world_size;
  options.timeout = timeout;
  absl::StatusOr<Group> group = MakeTransports(options);
  CHECK(group.ok()) << group.status();
  return *std::move(group);
}

INSTANTIATE_TEST_SUITE_P(Gloo, TransportTest,
                         testing::Values(TransportCase{MakeGroup, 1},
                                         TransportCase{MakeGroup, 2},
                                         TransportCase{MakeGroup, 3},
                                         TransportCase{MakeGroup, 4},
                                         TransportCase{MakeGroup, 8}));

INSTANTIATE_TEST_SUITE_P(Gloo, LoadFaultTest,
                         testing::Values(TransportCase{MakeGroup, 2},
                                         TransportCase{MakeGroup, 4}));

// From a byte to several buckets, one kind of broadcast inside of Gloo each.
TEST(GlooTest, CarriesEverySize) {
  for (const size_t size : {1, 4095, 65537, 5 << 20, 40 << 20}) {
    const Group group = MakeGroup(2, absl::Seconds(20));
    std::vector<std::byte> received(size);
    const auto results = OnEachRank(group, [&](WeightTransport& transport) {
      absl::Status agreed = transport.Agree(absl::OkStatus(), 1);
      if (!agreed.ok()) return agreed;
      if (transport.rank() == 1) return BroadcastNow(transport, received, 0);
      std::vector<std::byte> sent = Filled(size, 42);
      return BroadcastNow(transport, sent, 0);
    });
    EXPECT_THAT(results, testing::Each(IsOk()));
    EXPECT_TRUE(received == Filled(size, 42)) << size;
  }
}

// Loads of several models at once, each with groups of its own, over and over.
TEST(GlooTest, GroupsOfSeveralLoadsComeAndGo) {
  std::vector<std::thread> loads;
  for (int load = 0; load < 4; ++load) {
    loads.emplace_back([load] {
      for (int i = 0; i < 10; ++i) {
        const Group group = MakeGroup(2, absl::Seconds(20));
        const auto body = [load](WeightTransport& transport) {
          absl::Status agreed = transport.Agree(absl::OkStatus(), 1);
          if (!agreed.ok()) return agreed;
          std::vector<std::byte> bytes =
              Filled(1000, transport.rank() == 0 ? load : 99);
          absl::Status sent = BroadcastNow(transport, bytes, 0);
          if (!sent.ok() || bytes == Filled(1000, load)) return sent;
          return absl::DataLossError("bytes of another load");
        };
        EXPECT_THAT(OnEachRank(group, body), testing::Each(IsOk()));
      }
    });
  }
  for (std::thread& load : loads) load.join();
}

// A rank that goes away takes its connections along.
TEST(GlooTest, GroupsComeAndGo) {
  for (int i = 0; i < 20; ++i) {
    const Group group = MakeGroup(4, absl::Seconds(20));
    EXPECT_THAT(OnEachRank(group,
                           [](WeightTransport& transport) {
                             return transport.Agree(absl::OkStatus(), 1);
                           }),
                testing::Each(IsOk()));
  }
}

TEST(TransportsTest, WhatIsNotBuiltIsRefusedByName) {
  TransportOptions options;
  options.kind = TransportKind::kNccl;
  options.gpus = {0};
  EXPECT_THAT(CheckIsBuilt(TransportKind::kInProcess), IsOk());
  EXPECT_THAT(CheckIsBuilt(TransportKind::kGloo), IsOk());
  EXPECT_FALSE(MakeTransports(options).ok());
}

}  // namespace
}  // namespace transformerd
