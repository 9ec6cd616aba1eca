#include "server/lifecycle/residency_budget.h"

#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

ResidencyBudget::Available Available(int64_t bytes) {
  return [bytes] { return AvailableMemory{bytes, "MemAvailable"}; };
}

TEST(ResidencyBudgetTest, RefusesWhatExceedsTheLimitWithBothNumbers) {
  ResidencyBudget budget(100);
  ASSERT_OK_AND_ASSIGN(auto first, budget.Reserve(60));
  const auto second = budget.Reserve(41);
  EXPECT_THAT(second, StatusIs(absl::StatusCode::kResourceExhausted,
                               AllOf(HasSubstr("41"), HasSubstr("40"),
                                     HasSubstr("--host_memory_limit"))));
  EXPECT_THAT(second, HasReason(Reason::kResourceLimit));
}

TEST(ResidencyBudgetTest, BytesComeBackWithTheReservation) {
  ResidencyBudget budget(100);
  {
    ASSERT_OK_AND_ASSIGN(auto first, budget.Reserve(100));
    auto moved = std::move(first);
    EXPECT_FALSE(budget.Reserve(1).ok());
  }
  EXPECT_THAT(budget.Reserve(100), IsOk());
}

TEST(ResidencyBudgetTest, SettlingCorrectsTheEstimate) {
  ResidencyBudget budget(100);
  ASSERT_OK_AND_ASSIGN(auto first, budget.Reserve(80));
  first.Settle(50);
  EXPECT_THAT(budget.Reserve(50), IsOk());
  EXPECT_FALSE(budget.Reserve(51).ok());
}

TEST(ResidencyBudgetTest, AssigningOverAReservationReturnsIt) {
  ResidencyBudget budget(100);
  ASSERT_OK_AND_ASSIGN(auto reservation, budget.Reserve(100));
  reservation = ResidencyBudget::Reservation();
  EXPECT_THAT(budget.Reserve(100), IsOk());
}

TEST(ResidencyBudgetTest, WithoutALimitAsksTheSystem) {
  ResidencyBudget budget(0, Available(100));
  ASSERT_OK_AND_ASSIGN(auto pending, budget.Reserve(70));
  EXPECT_THAT(budget.Reserve(31),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       AllOf(HasSubstr("31"), HasSubstr("100"))));
}

TEST(ResidencyBudgetTest, WhatALoadHasReadIsInTheSystemsFigureAlready) {
  int64_t available_bytes = 100;
  double progress = 0;
  ResidencyBudget budget(0, [&] {
    return AvailableMemory{available_bytes, "MemAvailable"};
  });
  ASSERT_OK_AND_ASSIGN(auto running,
                       budget.Reserve(60, [&] { return progress; }));
  ASSERT_OK_AND_ASSIGN(AvailableMemory room, budget.Room());
  EXPECT_EQ(room.bytes, 40);

  available_bytes = 55;
  progress = 0.75;

  EXPECT_THAT(budget.Reserve(40), IsOk());
  EXPECT_THAT(budget.Reserve(41),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       AllOf(HasSubstr("55 are available"),
                             HasSubstr("15 of them promised"))));
  ASSERT_OK_AND_ASSIGN(room, budget.Room());
  EXPECT_EQ(room.bytes, 40);
}

TEST(ResidencyBudgetTest, AgainstTheLimitALoadCountsWholeFromTheStart) {
  ResidencyBudget budget(100);
  ASSERT_OK_AND_ASSIGN(auto running, budget.Reserve(60, [] { return 1.0; }));

  EXPECT_THAT(budget.Reserve(40), IsOk());
  EXPECT_FALSE(budget.Reserve(41).ok());
}

TEST(ResidencyBudgetTest, SettledBytesAreInTheSystemsFigureAlready) {
  ResidencyBudget budget(0, Available(100));
  ASSERT_OK_AND_ASSIGN(auto resident, budget.Reserve(70));
  resident.Settle(70);
  EXPECT_THAT(budget.Reserve(100), IsOk());
}

TEST(ResidencyBudgetTest, TheRoomIsWhatCanBeReserved) {
  ResidencyBudget limited(100);
  ASSERT_OK_AND_ASSIGN(auto first, limited.Reserve(60));
  ASSERT_OK_AND_ASSIGN(AvailableMemory room, limited.Room());
  EXPECT_EQ(room.bytes, 40);
  EXPECT_EQ(room.bound, "--host_memory_limit");

  ResidencyBudget unlimited(0, Available(100));
  ASSERT_OK_AND_ASSIGN(auto pending, unlimited.Reserve(70));
  ASSERT_OK_AND_ASSIGN(room, unlimited.Room());
  EXPECT_EQ(room.bytes, 30);
  EXPECT_EQ(room.bound, "MemAvailable");
}

}  // namespace
}  // namespace transformerd
