#include "model/distributed/c10d_transport.h"

#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/distributed/gloo_backend.h"
#include "tests/matchers/status_matchers.h"
#include "tests/model/loading/transport_suite.h"

namespace transformerd {

// The promises of all transports are tested where groups are made by name.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(TransportTest);

namespace {

constexpr absl::Duration kTimeout = absl::Seconds(2);

// A connected end of a real group that fails every broadcast, and is otherwise
// idle: what a rank has that runs into an error of its own.
class FailingEnd : public c10d::Backend {
 public:
  FailingEnd(int rank, int size, c10::intrusive_ptr<c10d::Backend> real)
      : Backend(rank, size), real_(std::move(real)) {}

  const std::string getBackendName() const override { return "failing"; }

  c10::intrusive_ptr<c10d::Work> broadcast(
      std::vector<at::Tensor>& /*tensors*/,
      const c10d::BroadcastOptions& /*options*/) override {
    TORCH_CHECK(false, "broken on purpose");
  }

 private:
  const c10::intrusive_ptr<c10d::Backend> real_;
};

// The parameter is the rank that fails, of three; rank 0 sends.
class C10dTransportTest : public testing::TestWithParam<int> {};

TEST_P(C10dTransportTest, ARankThatFailsInC10dEndsItsPeersWithinTheTimeout) {
  PrepareC10d();
  ASSERT_OK_AND_ASSIGN(C10dBackend backend, MakeGlooBackend(3, kTimeout));
  const auto connect = backend.connect;
  backend.connect = [&](int rank) -> c10::intrusive_ptr<c10d::Backend> {
    if (rank != GetParam()) return connect(rank);
    return c10::make_intrusive<FailingEnd>(rank, 3, connect(rank));
  };
  const Group group = MakeC10dGroup(backend, kTimeout);
  const absl::Time start = absl::Now();

  const auto results = OnEachRank(group, [](WeightTransport& transport) {
    absl::Status agreed = transport.Agree(absl::OkStatus(), 1);
    if (!agreed.ok()) return agreed;
    std::vector<std::byte> bytes(size_t{8} << 20);
    return BroadcastNow(transport, bytes, 0);
  });

  EXPECT_THAT(results,
              testing::Each(StatusIs(absl::StatusCode::kInternal,
                                     testing::HasSubstr(absl::StrCat(
                                         "gloo, rank ", GetParam(),
                                         ": LibTorch: broken on purpose")))));
  EXPECT_LT(absl::Now() - start, kTimeout + absl::Seconds(2));
}

INSTANTIATE_TEST_SUITE_P(FailingRank, C10dTransportTest,
                         testing::Values(0, 1, 2));

}  // namespace
}  // namespace transformerd
