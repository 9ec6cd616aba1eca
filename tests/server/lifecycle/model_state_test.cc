#include "server/lifecycle/model_state.h"

#include <set>
#include <utility>

#include "gtest/gtest.h"

namespace transformerd {
namespace {

constexpr ModelState kAll[] = {ModelState::kUnloaded, ModelState::kLoading,
                               ModelState::kReady, ModelState::kDraining,
                               ModelState::kFailed};

TEST(ModelStateTest, AllowsExactlyTheDrawnTransitions) {
  const std::set<std::pair<ModelState, ModelState>> drawn = {
      {ModelState::kUnloaded, ModelState::kLoading},
      {ModelState::kLoading, ModelState::kReady},
      {ModelState::kLoading, ModelState::kFailed},
      {ModelState::kLoading, ModelState::kUnloaded},
      {ModelState::kReady, ModelState::kDraining},
      {ModelState::kDraining, ModelState::kUnloaded},
      {ModelState::kFailed, ModelState::kLoading},
      {ModelState::kFailed, ModelState::kUnloaded},
  };
  for (const ModelState from : kAll) {
    for (const ModelState to : kAll) {
      EXPECT_EQ(IsLegal(from, to), drawn.count({from, to}) > 0)
          << NameOf(from) << " -> " << NameOf(to);
    }
  }
}

TEST(ModelStateTest, SpeaksTheProtocolsWords) {
  EXPECT_EQ(RepositoryStateName(ModelState::kReady), "READY");
  EXPECT_EQ(RepositoryStateName(ModelState::kLoading), "LOADING");
  EXPECT_EQ(RepositoryStateName(ModelState::kDraining), "UNLOADING");
  EXPECT_EQ(RepositoryStateName(ModelState::kUnloaded), "UNAVAILABLE");
  EXPECT_EQ(RepositoryStateName(ModelState::kFailed), "UNAVAILABLE");
}

}  // namespace
}  // namespace transformerd
