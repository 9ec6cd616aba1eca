#include "model/loading/loading_strategy.h"

#include "gtest/gtest.h"

namespace transformerd {
namespace {

TEST(LoadingStrategyTest, NamesAndTheirStrategiesBelongTogether) {
  for (const LoadingStrategy strategy :
       {LoadingStrategy::kMemoryEfficient, LoadingStrategy::kFreeForAll}) {
    EXPECT_EQ(LoadingStrategyFromName(NameOf(strategy)), strategy);
  }
}

TEST(LoadingStrategyTest, NamesAreTakenInEitherCase) {
  EXPECT_EQ(LoadingStrategyFromName("FREE_FOR_ALL"),
            LoadingStrategy::kFreeForAll);
  EXPECT_EQ(LoadingStrategyFromName("Memory_Efficient"),
            LoadingStrategy::kMemoryEfficient);
}

TEST(LoadingStrategyTest, OtherNamesAreNone) {
  EXPECT_EQ(LoadingStrategyFromName(""), std::nullopt);
  EXPECT_EQ(LoadingStrategyFromName("free_for_al"), std::nullopt);
}

}  // namespace
}  // namespace transformerd
