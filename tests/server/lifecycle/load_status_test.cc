#include "server/lifecycle/load_status.h"

#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(LoadStatusTest, HasNoVersionsWhileItIsQueued) {
  const LoadStatus status(7);
  EXPECT_EQ(status.operation(), 7);
  EXPECT_THAT(status.versions(), IsEmpty());
  EXPECT_EQ(status.outcome(), std::nullopt);
}

TEST(LoadStatusTest, ShowsTheProgressOfEachVersionAsItIs) {
  LoadStatus status(1);
  const auto first = std::make_shared<LoadControl>();
  const auto second = std::make_shared<LoadControl>();
  status.BeginVersion(3, /*is_reload=*/false, first);
  status.BeginVersion(5, /*is_reload=*/true, second);

  second->SetPhase(LoadPhase::kStream);

  const auto versions = status.versions();
  ASSERT_THAT(versions, SizeIs(2));
  EXPECT_EQ(versions[0].number, 3);
  EXPECT_EQ(versions[0].progress.phase, LoadPhase::kQueued);
  EXPECT_EQ(versions[1].number, 5);
  EXPECT_FALSE(versions[0].is_reload);
  EXPECT_TRUE(versions[1].is_reload);
  EXPECT_EQ(versions[1].progress.phase, LoadPhase::kStream);
}

TEST(LoadStatusTest, KeepsItsOutcome) {
  LoadStatus status(1);
  status.Finish(absl::CancelledError("gone"));
  ASSERT_TRUE(status.outcome().has_value());
  EXPECT_THAT(*status.outcome(),
              StatusIs(absl::StatusCode::kCancelled, "gone"));
}

}  // namespace
}  // namespace transformerd
