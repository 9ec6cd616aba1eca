#include "server/lifecycle/part_checkpoints.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "tests/fakes/temporary_folder.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::HasSubstr;

class PartCheckpointsTest : public ::testing::Test {
 protected:
  PartCheckpointsTest() {
    folder_.Write("bert/config.json", "{}");
    folder_.Write("versions/2/config.json", "{}");
    folder_.Write("versions/10/config.json", "{}");
  }

  // Relative to the repository, as that is without links.
  absl::StatusOr<std::string> Find(const std::string& checkpoint,
                                   std::optional<int64_t> version = {}) {
    std::vector<PartOptions> parts(2);
    parts[0].checkpoint = "bert";
    parts[1].checkpoint = checkpoint;
    parts[1].version = version;
    const absl::Status status =
        FindCheckpoints(*RepositoryFolder::Open(folder_.path()), parts);
    if (!status.ok()) return status;
    return std::filesystem::relative(parts[1].directory, folder_.path())
        .string();
  }

  TemporaryFolder folder_;
};

TEST_F(PartCheckpointsTest, FindsTheNewestVersionOrTheOneAskedFor) {
  EXPECT_THAT(Find("bert"), IsOkAndHolds(std::string("bert")));
  EXPECT_THAT(Find("versions"), IsOkAndHolds(std::string("versions/10")));
  EXPECT_THAT(Find("versions", 2), IsOkAndHolds(std::string("versions/2")));
}

TEST_F(PartCheckpointsTest, NamesWhatIsNotThere) {
  const absl::Status unknown = Find("brt").status();
  EXPECT_THAT(unknown,
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("parts.1: checkpoint 'brt' is not in the "
                                 "repository, did you mean 'bert'?")));
  EXPECT_THAT(unknown, HasReason(Reason::kConfigInvalid));
  EXPECT_EQ(FieldOf(unknown), "parts");
  EXPECT_THAT(Find("versions", 3),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("has no version 3")));
}

// So nothing is ever made of itself, by whatever way round.
TEST_F(PartCheckpointsTest, RefusesACheckpointThatIsMadeOfParts) {
  folder_.Write(
      "composed/transformerd.json",
      R"({"parts": [{"module": "TransformerStack", "checkpoint": "composed"}]})");
  EXPECT_THAT(Find("composed"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("'composed' is made of parts itself")));
}

TEST_F(PartCheckpointsTest, OtherOptionsOfACheckpointAreNoReasonToRefuseIt) {
  folder_.Write("bert/transformerd.json", R"({"max_batch_tokens": 7})");
  EXPECT_THAT(Find("bert"), IsOkAndHolds(std::string("bert")));
  folder_.Write("bert/transformerd.json", "{");
  EXPECT_THAT(Find("bert"), StatusIs(absl::StatusCode::kFailedPrecondition,
                                     HasSubstr("transformerd.json")));
}

}  // namespace
}  // namespace transformerd
