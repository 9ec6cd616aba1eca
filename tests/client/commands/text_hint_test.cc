#include "client/commands/text_hint.h"

#include <string>

#include "absl/time/time.h"
#include "client/commands/command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"

namespace transformerd {
namespace {

using ::testing::HasSubstr;

std::string HintFor(const absl::Status& status) {
  return HintOf(WithTextHint(status));
}

TEST(TextHintTest, CodesLeadToWhatHelpsWithTexts) {
  EXPECT_THAT(HintFor(absl::FailedPreconditionError("no tokenizer.json")),
              HasSubstr("tokenizer.json that came with the checkpoint"));
  EXPECT_THAT(HintFor(absl::UnimplementedError("")),
              HasSubstr("does not speak transformerd.v1.TextService"));
  EXPECT_THAT(HintFor(absl::ResourceExhaustedError("queue full")),
              HasSubstr("fewer or shorter texts"));
  EXPECT_EQ(HintFor(absl::NotFoundError("no model")), "");
}

TEST(TextHintTest, WhatTheServerAdvisesComesFirst) {
  EXPECT_EQ(HintFor(WithRetryDelay(absl::ResourceExhaustedError("queue full"),
                                   absl::Seconds(1))),
            "");
  EXPECT_EQ(HintFor(LoadError(Reason::kTruncated, "file is cut")), "");
}

TEST(TruncateHintTest, IsForLongTextsOnly) {
  EXPECT_EQ(HintOf(WithTruncateHint(absl::InvalidArgumentError("600 tokens"),
                                    "--truncate")),
            "--truncate cuts texts that are longer than the model takes");
  EXPECT_EQ(HintOf(WithTruncateHint(absl::InvalidArgumentError("version 'x'"),
                                    "--truncate")),
            "");
  EXPECT_EQ(HintOf(WithTruncateHint(
                absl::ResourceExhaustedError("9000 tokens are waiting"),
                "--truncate")),
            "");
}

}  // namespace
}  // namespace transformerd
