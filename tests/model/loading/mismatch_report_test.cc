#include "model/loading/mismatch_report.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

MismatchReport EmptyReport() {
  MismatchReport report;
  report.architecture = "BertModel";
  return report;
}

TEST(MismatchReportTest, IsOkWithoutMismatches) {
  EXPECT_THAT(ToStatus(EmptyReport()), IsOk());
}

TEST(MismatchReportTest, NamesEachKindInOneMessage) {
  MismatchReport report = EmptyReport();
  report.missing = {"a", "b"};
  report.unexpected = {"c"};
  report.shapes = {{"d", "[2]", "[3]"}};
  report.dtypes = {{"e", "I64", "F32"}};

  EXPECT_THAT(
      ToStatus(report),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               "checkpoint does not fit the architecture BertModel: 2 missing "
               "(a, b), 1 unexpected (c), 1 shape (d: file [2], model [3]), "
               "1 dtype (e: file I64, model F32)"));
}

TEST(MismatchReportTest, TheReasonFollowsThePrecedence) {
  MismatchReport report = EmptyReport();
  report.dtypes = {{"e", "I64", "F32"}};
  EXPECT_THAT(ToStatus(report), HasReason(Reason::kDtypeMismatch));
  report.shapes = {{"d", "[2]", "[3]"}};
  EXPECT_THAT(ToStatus(report), HasReason(Reason::kShapeMismatch));
  report.unexpected = {"c"};
  EXPECT_THAT(ToStatus(report), HasReason(Reason::kUnexpectedKey));
  report.missing = {"a"};
  EXPECT_THAT(ToStatus(report), HasReason(Reason::kMissingKey));
}

TEST(MismatchReportTest, HintsAtTheNearestName) {
  MismatchReport report = EmptyReport();
  report.missing = {"pooler.dense.bias"};
  report.unexpected = {"poler.dense.bias"};
  report.unclaimed_keys = {"qa.bias", "poler.dense.bias"};
  report.model_keys = {"embeddings.weight", "pooler.dense.bias"};

  EXPECT_THAT(ToStatus(report).message(),
              AllOf(HasSubstr("1 missing (pooler.dense.bias [nearest: "
                              "poler.dense.bias])"),
                    HasSubstr("1 unexpected (poler.dense.bias [nearest: "
                              "pooler.dense.bias])")));
}

TEST(MismatchReportTest, ShowsTenKeysOfAKind) {
  MismatchReport report = EmptyReport();
  for (int i = 0; i < 11; ++i) {
    report.missing.push_back(absl::StrFormat("k%02d", i));
  }

  EXPECT_THAT(std::string(ToStatus(report).message()),
              AllOf(HasSubstr("11 missing (k00"), HasSubstr("k09, ...)"),
                    Not(HasSubstr("k10"))));
}

// Four kinds of many long keys, each with a hint.
TEST(MismatchReportTest, KeepsTheMessageShortAndTheReportComplete) {
  MismatchReport report = EmptyReport();
  for (int i = 0; i < 300; ++i) {
    const std::string key = absl::StrCat(std::string(150, 'x'), i);
    report.missing.push_back(key);
    report.unexpected.push_back(key + "u");
    report.shapes.push_back({key + "s", "[1]", "[2]"});
    report.dtypes.push_back({key + "d", "I64", "F32"});
  }
  report.unclaimed_keys = report.unexpected;
  report.model_keys = report.missing;

  const absl::Status status = ToStatus(report);

  EXPECT_LT(status.message().size(), 1600u);
  for (const char* count :
       {"300 missing", "300 unexpected", "300 shape", "300 dtype"}) {
    EXPECT_THAT(std::string(status.message()), HasSubstr(count));
  }
  const std::string full = FullReportOf(status);
  for (int i = 0; i < 300; ++i) {
    const std::string key = absl::StrCat(std::string(150, 'x'), i);
    EXPECT_THAT(full, HasSubstr(absl::StrCat("\nmissing: ", key, "\n")));
    EXPECT_THAT(full, HasSubstr(absl::StrCat("\nunexpected: ", key, "u\n")));
    EXPECT_THAT(full, HasSubstr(absl::StrCat("\nshape: ", key, "s: file")));
  }
}

TEST(MismatchReportTest, LetsNoKeyBreakTheMessage) {
  MismatchReport report = EmptyReport();
  report.unexpected = {"a\nb", "\xff\xfe", std::string(100000, '\1')};

  const absl::Status status = ToStatus(report);

  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("a\\nb"), HasSubstr("\\377\\376"),
                    Not(HasSubstr("\n")), Not(HasSubstr("\xff"))));
  EXPECT_LT(status.message().size(), 1600u);
}

TEST(MismatchReportTest, BoundsTheReportOfAHostileFile) {
  MismatchReport report = EmptyReport();
  for (int i = 0; i < 50000; ++i) {
    report.unexpected.push_back(absl::StrCat(std::string(100, 'x'), i));
  }

  const std::string full = FullReportOf(ToStatus(report));

  EXPECT_LT(full.size(), size_t{2} << 20);
  EXPECT_THAT(full.substr(full.size() - 30), HasSubstr(" more unexpected"));
}

}  // namespace
}  // namespace transformerd
