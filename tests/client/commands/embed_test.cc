#include "client/commands/embed.h"

#include <sstream>
#include <string>
#include <vector>

#include "client/commands/transformerctl.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/client/commands/command_fixture.h"
#include "tests/fakes/fake_inference_server.h"

namespace transformerd {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

// Through the command line, on 40 columns.
class EmbedCommandTest : public CommandFixture {
 protected:
  EmbedCommandTest() { columns_ = 40; }
};

TEST_F(EmbedCommandTest, PrintsALineForEachText) {
  EXPECT_EQ(Run({"embed", "echo", "a b", "", "b because of so many words"}),
            kExitOk)
      << err_;

  EXPECT_EQ(out_,
            "TEXT                     TOKENS  VALUES\n"
            "a b                      4       0 1 1 0\n"
            "                         2       0 0 0 0\n"
            "b because of so many...  8       0 1 2 3\n");
}

TEST_F(EmbedCommandTest, PrintsAsManyValuesAsAskedFor) {
  EXPECT_EQ(Run({"embed", "echo", "a", "--values=2"}), kExitOk);

  EXPECT_THAT(out_, EndsWith("a     3       0 1 ...\n"));
}

TEST_F(EmbedCommandTest, ReadsALineATextFromStandardInput) {
  EXPECT_EQ(Run({"embed", "echo", "-"}, "a\r\n\nb b"), kExitOk);

  EXPECT_EQ(out_,
            "TEXT  TOKENS  VALUES\n"
            "a     3       0 1 0 0\n"
            "      2       0 0 0 0\n"
            "b b   4       0 0 2 0\n");
}

TEST_F(EmbedCommandTest, JsonHoldsTextsTokensAndAllValues) {
  EXPECT_EQ(Run({"embed", "echo", "a", "--json", "--version=3", "--values=1"}),
            kExitOk);

  EXPECT_EQ(nlohmann::json::parse(out_), nlohmann::json::parse(R"({
    "model": "echo", "version": "3",
    "embeddings": [{"text": "a", "num_tokens": 3, "values": [0, 1, 0, 0]}]})"));
}

TEST_F(EmbedCommandTest, ComparesTextsOnDemand) {
  EXPECT_EQ(Run({"embed", "echo", "--similarity", "a", "a b", "c"}), kExitOk);

  EXPECT_EQ(out_,
            "   TEXT  1       2       3\n"
            "1  a     1.0000  0.7071  0.0000\n"
            "2  a b   0.7071  1.0000  0.0000\n"
            "3  c     0.0000  0.0000  1.0000\n");
}

TEST_F(EmbedCommandTest, JsonHoldsSimilaritiesOnDemand) {
  EXPECT_EQ(Run({"embed", "echo", "--similarity", "--json", "a", "b", ""}),
            kExitOk);

  const auto json = nlohmann::json::parse(out_);
  EXPECT_EQ(json["embeddings"].size(), 3);
  EXPECT_EQ(json["similarities"][0], nlohmann::json({1.0, 0.0, nullptr}));
  EXPECT_EQ(json["similarities"][1][1], 1.0);
}

TEST_F(EmbedCommandTest, ALongTextIsCutOnDemandOnly) {
  const std::string text = "a a a a a a a a a a";

  EXPECT_EQ(Run({"embed", "echo", text}), kExitFailed);
  EXPECT_EQ(err_,
            "transformerctl embed: INVALID_ARGUMENT: text[0] has 12 tokens; "
            "the model takes 8\n"
            "hint: --truncate cuts texts that are longer than the model "
            "takes\n");

  EXPECT_EQ(Run({"embed", "echo", text, "--truncate"}), kExitOk);
  EXPECT_THAT(out_, HasSubstr("8       0 7 0 0\n"));
}

TEST_F(EmbedCommandTest, AnUnknownModelPointsToTheList) {
  EXPECT_EQ(Run({"embed", "other", "a"}), kExitFailed);

  EXPECT_EQ(err_,
            "transformerctl embed: NOT_FOUND: no model 'other'\n"
            "hint: `transformerctl list` shows the models of this server\n");
}

TEST_F(EmbedCommandTest, TheTimeoutIsThatOfTheCall) {
  server_.HoldInference();

  EXPECT_EQ(Run({"embed", "echo", "a", "--timeout=20ms"}), kExitFailed);

  EXPECT_THAT(err_, HasSubstr("hint: no answer within 20ms"));
}

TEST_F(EmbedCommandTest, WrongUsageEndsWithTwoAndSendsNothing) {
  const std::vector<std::string> cases[] = {
      {"embed"},
      {"embed", "echo"},
      {"embed", "echo", "-"},
      {"embed", "echo", "a", "--values=x"},
      {"embed", "echo", "a", "--pair=b"},
  };
  for (const auto& words : cases) {
    EXPECT_EQ(Run(words), kExitUsage) << ::testing::PrintToString(words);
    EXPECT_EQ(out_, "");
  }
  EXPECT_EQ(server_.num_calls("Embed"), 0);
}

TEST_F(EmbedCommandTest, RefusesAMatrixThatNobodyCouldRead) {
  std::string lines;
  for (int i = 0; i < 1001; ++i) lines += "a\n";

  EXPECT_EQ(Run({"embed", "echo", "-", "--similarity"}, lines), kExitUsage);

  EXPECT_THAT(err_,
              HasSubstr("--similarity compares at most 1000 texts, not 1001"));
}

}  // namespace
}  // namespace transformerd
