// Matchers for absl::Status and absl::StatusOr.
//
//   EXPECT_THAT(Parse(text), IsOkAndHolds(Field(&Config::layers, 12)));
//   EXPECT_THAT(Parse(""), StatusIs(absl::StatusCode::kInvalidArgument,
//                                   HasSubstr("empty")));
//   EXPECT_THAT(Load(path), HasReason(Reason::kTruncated));
//   ASSERT_OK_AND_ASSIGN(Config config, Parse(text));
#pragma once

#include <ostream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"

namespace transformerd {
namespace status_matchers_internal {

inline const absl::Status& StatusOf(const absl::Status& status) {
  return status;
}

template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& value) {
  return value.status();
}

}  // namespace status_matchers_internal

MATCHER(IsOk, negation ? "is not OK" : "is OK") {
  const absl::Status& status = status_matchers_internal::StatusOf(arg);
  *result_listener << "which is " << status.ToString();
  return status.ok();
}

// The value of a StatusOr, by a matcher or by ==.
MATCHER_P(IsOkAndHolds, value, "") {
  if (!arg.ok()) {
    *result_listener << "which is " << arg.status().ToString();
    return false;
  }
  return ::testing::ExplainMatchResult(value, *arg, result_listener);
}

MATCHER_P(StatusIs, code, "") {
  const absl::Status& status = status_matchers_internal::StatusOf(arg);
  *result_listener << "which is " << status.ToString();
  return ::testing::ExplainMatchResult(code, status.code(), result_listener);
}

// `message` is a string or a matcher of strings.
MATCHER_P2(StatusIs, code, message, "") {
  const absl::Status& status = status_matchers_internal::StatusOf(arg);
  *result_listener << "which is " << status.ToString() << " ";
  return ::testing::ExplainMatchResult(code, status.code(), result_listener) &&
         ::testing::ExplainMatchResult(message, std::string(status.message()),
                                       result_listener);
}

// The reason that was attached by LoadError or WithReason.
MATCHER_P(HasReason, reason, "has reason " + std::string(NameOf(reason))) {
  const absl::Status& status = status_matchers_internal::StatusOf(arg);
  *result_listener << "which is " << status.ToString();
  return ReasonOf(status) == NameOf(reason);
}

}  // namespace transformerd

#define ASSERT_OK_AND_ASSIGN(declaration, expression)                  \
  ASSERT_OK_AND_ASSIGN_IMPL(ASSERT_OK_CONCAT(assert_ok_or_, __LINE__), \
                            declaration, expression)
#define ASSERT_OK_CONCAT(a, b) ASSERT_OK_CONCAT_IMPL(a, b)
#define ASSERT_OK_CONCAT_IMPL(a, b) a##b
#define ASSERT_OK_AND_ASSIGN_IMPL(status_or, declaration, expression) \
  auto status_or = (expression);                                      \
  ASSERT_TRUE(status_or.ok()) << status_or.status().ToString();       \
  declaration = *std::move(status_or)
