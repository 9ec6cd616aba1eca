#include "model/base/catch_exceptions.h"

#include <new>
#include <stdexcept>

#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

TEST(CatchExceptionsTest, PassesResultsOn) {
  EXPECT_THAT(CatchExceptions([] { return absl::OkStatus(); }), IsOk());
  EXPECT_THAT(CatchExceptions([] { return absl::AbortedError("no"); }),
              StatusIs(absl::StatusCode::kAborted, "no"));
  EXPECT_EQ(*CatchExceptions([]() -> absl::StatusOr<int> { return 7; }), 7);
}

TEST(CatchExceptionsTest, AnExceptionIsAnInternalError) {
  const auto status = CatchExceptions(
      []() -> absl::Status { throw std::runtime_error("thrown"); });
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInternal, "thrown"));
}

TEST(CatchExceptionsTest, LackOfMemoryHasItsReason) {
  const auto value =
      CatchExceptions([]() -> absl::StatusOr<int> { throw std::bad_alloc(); });
  EXPECT_THAT(value, StatusIs(absl::StatusCode::kResourceExhausted,
                              testing::HasSubstr("memory")));
  EXPECT_THAT(value, HasReason(Reason::kResourceLimit));
}

}  // namespace
}  // namespace transformerd
