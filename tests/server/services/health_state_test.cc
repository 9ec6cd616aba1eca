#include "server/services/health_state.h"

#include <optional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace transformerd {
namespace {

using ::testing::Optional;

TEST(HealthStateTest, StartsAliveAndNotReady) {
  const HealthState state;

  EXPECT_THAT(state.Get("liveness"), Optional(true));
  EXPECT_THAT(state.Get(""), Optional(false));
  EXPECT_THAT(state.Get("readiness"), Optional(false));
  EXPECT_THAT(state.Get("inference.GRPCInferenceService"), Optional(false));
}

TEST(HealthStateTest, DoesNotKnowModelsNobodySpokeOf) {
  const HealthState state;

  EXPECT_EQ(state.Get("model/bert"), std::nullopt);
}

TEST(HealthStateTest, ReadinessHasThreeNames) {
  HealthState state;

  state.SetReady(true);

  EXPECT_THAT(state.Get(""), Optional(true));
  EXPECT_THAT(state.Get("readiness"), Optional(true));
  EXPECT_THAT(state.Get("inference.GRPCInferenceService"), Optional(true));
}

TEST(HealthStateTest, DrainingLeavesOnlyLiveness) {
  HealthState state;
  state.SetReady(true);
  state.Set("model/bert", true);

  state.StartDraining();

  EXPECT_TRUE(state.is_draining());
  EXPECT_THAT(state.Get("liveness"), Optional(true));
  EXPECT_THAT(state.Get(""), Optional(false));
  EXPECT_THAT(state.Get("model/bert"), Optional(false));
}

TEST(HealthStateTest, NothingBecomesReadyWhileDraining) {
  HealthState state;
  state.StartDraining();

  state.SetReady(true);
  state.Set("model/bert", true);

  EXPECT_THAT(state.Get("readiness"), Optional(false));
  EXPECT_THAT(state.Get("model/bert"), Optional(false));
}

TEST(HealthStateTest, TellsListenersOfEachChange) {
  HealthState state;
  int calls = 0;
  state.Subscribe([&calls] { ++calls; });

  state.Set("liveness", false);
  state.SetReady(true);
  state.StartDraining();

  EXPECT_EQ(calls, 3);
}

TEST(HealthStateTest, KeepsQuietWhereNothingChanges) {
  HealthState state;
  int calls = 0;
  state.Subscribe([&calls] { ++calls; });

  state.Set("liveness", true);

  EXPECT_EQ(calls, 0);
}

TEST(HealthStateTest, ListenersMayReadTheState) {
  HealthState state;
  std::optional<bool> seen;
  state.Subscribe([&] { seen = state.Get("model/bert"); });

  state.Set("model/bert", true);

  EXPECT_THAT(seen, Optional(true));
}

TEST(HealthStateTest, TellsNobodyAfterUnsubscribe) {
  HealthState state;
  int calls = 0;
  const auto id = state.Subscribe([&calls] { ++calls; });

  state.Unsubscribe(id);
  state.SetReady(true);

  EXPECT_EQ(calls, 0);
}

}  // namespace
}  // namespace transformerd
