#include "model/base/status_macros.h"

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

absl::Status ReturnsAfter(const absl::Status& first, bool& went_on) {
  RETURN_IF_ERROR(first);
  went_on = true;
  return absl::OkStatus();
}

absl::StatusOr<int> Doubled(absl::StatusOr<std::unique_ptr<int>> number) {
  ASSIGN_OR_RETURN(const std::unique_ptr<int> value, std::move(number));
  return 2 * *value;
}

TEST(ReturnIfErrorTest, ReturnsTheError) {
  bool went_on = false;

  EXPECT_THAT(ReturnsAfter(absl::NotFoundError("model"), went_on),
              StatusIs(absl::StatusCode::kNotFound, "model"));
  EXPECT_FALSE(went_on);
}

TEST(ReturnIfErrorTest, GoesOnWhenOk) {
  bool went_on = false;

  EXPECT_THAT(ReturnsAfter(absl::OkStatus(), went_on), IsOk());
  EXPECT_TRUE(went_on);
}

TEST(AssignOrReturnTest, MovesTheValueOut) {
  EXPECT_THAT(Doubled(std::make_unique<int>(21)), IsOkAndHolds(42));
}

TEST(AssignOrReturnTest, ReturnsTheError) {
  EXPECT_THAT(Doubled(absl::CancelledError("stop")),
              StatusIs(absl::StatusCode::kCancelled, "stop"));
}

}  // namespace
}  // namespace transformerd
