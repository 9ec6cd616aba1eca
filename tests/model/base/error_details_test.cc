#include "model/base/error_details.h"

#include <optional>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::Eq;
using ::testing::Optional;

TEST(ReasonTest, NamesAreDistinctAndPublic) {
  std::set<std::string> names;
  const int count = static_cast<int>(Reason::kResourceLimit) + 1;
  for (int i = 0; i < count; ++i) {
    names.insert(std::string(NameOf(static_cast<Reason>(i))));
  }

  EXPECT_EQ(names.size(), 26);
  EXPECT_EQ(NameOf(Reason::kConfigNotFound), "CONFIG_NOT_FOUND");
  EXPECT_EQ(NameOf(Reason::kPathEscape), "PATH_ESCAPE");
  EXPECT_EQ(NameOf(Reason::kResourceLimit), "RESOURCE_LIMIT");
}

TEST(LoadErrorTest, IsAFailedPreconditionWithAReason) {
  const absl::Status status = LoadError(Reason::kTruncated, "file ends early");

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition,
                               "file ends early"));
  EXPECT_THAT(ReasonOf(status), Optional(Eq("TRUNCATED")));
}

TEST(DetailsTest, EachIsReadBack) {
  absl::Status status = absl::UnavailableError("loading");
  status = WithRetryDelay(status, absl::Milliseconds(1500));
  status = WithField(status, "input_ids");
  status = WithFullReport(status, "line 1\nline 2");

  EXPECT_THAT(RetryDelayOf(status), Optional(absl::Milliseconds(1500)));
  EXPECT_EQ(FieldOf(status), "input_ids");
  EXPECT_EQ(FullReportOf(status), "line 1\nline 2");
}

TEST(DetailsTest, ALaterOneReplacesOneOfItsKind) {
  const absl::Status status =
      WithReason(LoadError(Reason::kMissingKey, "x"), Reason::kUnexpectedKey);

  EXPECT_THAT(status, HasReason(Reason::kUnexpectedKey));
}

TEST(DetailsTest, ABareStatusHasNone) {
  const absl::Status status = absl::InternalError("bug");

  EXPECT_THAT(ReasonOf(status), Eq(std::nullopt));
  EXPECT_THAT(RetryDelayOf(status), Eq(std::nullopt));
  EXPECT_EQ(FieldOf(status), "");
  EXPECT_EQ(FullReportOf(status), "bug");
}

TEST(DetailsTest, OkStaysOkWithoutDetails) {
  const absl::Status status =
      WithField(WithReason(absl::OkStatus(), Reason::kTruncated), "x");

  EXPECT_THAT(status, IsOk());
  EXPECT_THAT(ReasonOf(status), Eq(std::nullopt));
  EXPECT_THAT(Annotate(absl::OkStatus(), "context"), IsOk());
}

TEST(AnnotateTest, PrependsContextAndKeepsCodeAndDetails) {
  const absl::Status status =
      Annotate(WithField(LoadError(Reason::kShapeMismatch, "[2]"), "a.weight"),
               "minilm");

  EXPECT_THAT(status,
              StatusIs(absl::StatusCode::kFailedPrecondition, "minilm: [2]"));
  EXPECT_THAT(status, HasReason(Reason::kShapeMismatch));
  EXPECT_EQ(FieldOf(status), "a.weight");
}

}  // namespace
}  // namespace transformerd
