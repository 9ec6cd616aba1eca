#include "client/commands/command_parser.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr FlagSpec kLoadFlags[] = {{"param", "KEY=VALUE", ""}};
const Command kCommands[] = {
    {"list", "", 0, "", {}, nullptr},
    {"load", "NAME", 1, "", kLoadFlags, nullptr},
    {"embed", "NAME TEXT...", 2, "", {}, nullptr, /*repeats_last=*/true},
};

absl::StatusOr<CommandLine> Parse(const std::vector<std::string>& words,
                                  const std::string& default_server = "") {
  return ParseCommandLine(words, default_server, kCommands);
}

TEST(CommandParserTest, DefaultsAreThoseOfTheInterface) {
  ASSERT_OK_AND_ASSIGN(const CommandLine line, Parse({"list"}));

  EXPECT_EQ(line.command, &kCommands[0]);
  EXPECT_EQ(line.server, "127.0.0.1:8001");
  EXPECT_EQ(line.timeout, absl::Seconds(60));
  EXPECT_FALSE(line.json);
  EXPECT_FALSE(line.help);
  EXPECT_THAT(line.Values("param"), IsEmpty());
}

TEST(CommandParserTest, FlagsAndArgumentsComeInAnyOrder) {
  const std::vector<std::string> orders[] = {
      {"load", "minilm", "--param", "a=1", "--param=b=2", "--json"},
      {"--json", "--param=a=1", "load", "--param", "b=2", "minilm"},
      {"--param", "a=1", "--param", "b=2", "-json", "load", "--", "minilm"},
  };
  for (const auto& words : orders) {
    ASSERT_OK_AND_ASSIGN(const CommandLine line, Parse(words));
    EXPECT_EQ(line.command, &kCommands[1]);
    EXPECT_THAT(line.arguments, ElementsAre("minilm"));
    EXPECT_THAT(line.Values("param"), ElementsAre("a=1", "b=2"));
    EXPECT_TRUE(line.json);
  }
}

TEST(CommandParserTest, TheFlagWinsOverTheEnvironment) {
  ASSERT_OK_AND_ASSIGN(const CommandLine environment,
                       Parse({"list"}, "host:1"));
  ASSERT_OK_AND_ASSIGN(const CommandLine flag,
                       Parse({"list", "--server=host:2"}, "host:1"));

  EXPECT_EQ(environment.server, "host:1");
  EXPECT_EQ(flag.server, "host:2");
}

TEST(CommandParserTest, WordsBehindTwoDashesAreArguments) {
  ASSERT_OK_AND_ASSIGN(const CommandLine line, Parse({"load", "--", "--json"}));

  EXPECT_THAT(line.arguments, ElementsAre("--json"));
  EXPECT_FALSE(line.json);
}

TEST(CommandParserTest, ACommandMayTakeManyArguments) {
  ASSERT_OK_AND_ASSIGN(const CommandLine line,
                       Parse({"embed", "minilm", "a", "-", "--json", "b c"}));

  EXPECT_THAT(line.arguments, ElementsAre("minilm", "a", "-", "b c"));
  EXPECT_TRUE(line.json);
}

TEST(CommandParserTest, HelpNeedsNoArguments) {
  ASSERT_OK_AND_ASSIGN(const CommandLine all, Parse({"--help"}));
  ASSERT_OK_AND_ASSIGN(const CommandLine load, Parse({"load", "-h"}));

  EXPECT_TRUE(all.help);
  EXPECT_EQ(all.command, nullptr);
  EXPECT_TRUE(load.help);
  EXPECT_EQ(load.command, &kCommands[1]);
}

struct WrongUsage {
  std::vector<std::string> words;
  std::string message;
};

TEST(CommandParserTest, WrongUsageIsNamed) {
  const WrongUsage cases[] = {
      {{"--json"}, "no command given"},
      {{"laod", "x"}, "unknown command 'laod'; did you mean load?"},
      {{"frobnicate"}, "unknown command 'frobnicate'"},
      {{"list", "--jsn"}, "unknown flag '--jsn'; did you mean --json?"},
      {{"list", "--frobnicate"}, "unknown flag '--frobnicate'"},
      {{"list", "--json=true"}, "flag --json takes no value, not 'true'"},
      {{"list", "--server"}, "flag --server needs a value: HOST:PORT"},
      {{"list", "--param=a=1"}, "flag --param is not one of 'list'"},
      {{"list", "x"}, "'list' takes no 'x'"},
      {{"load"}, "'load' needs NAME"},
      {{"load", "x", "y"}, "'load' takes no 'y'"},
      {{"embed", "x"}, "'embed' needs NAME TEXT..."},
      {{"list", "--timeout=5"},
       "--timeout: '5' is not a duration with a unit, such as 60s"},
      {{"list", "--timeout=-5s"},
       "--timeout: '-5s' is not a duration with a unit, such as 60s"},
  };
  for (const WrongUsage& wrong : cases) {
    const absl::Status status = Parse(wrong.words).status();
    EXPECT_EQ(status.message(), wrong.message);
    EXPECT_TRUE(IsUsageError(status)) << wrong.message;
  }
}

TEST(CommandParserTest, AWrongAddressSaysWhereItIsFrom) {
  EXPECT_THAT(Parse({"list", "--server=x"}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       StartsWith("--server: server address 'x' is not")));
  EXPECT_THAT(Parse({"list"}, "x"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       StartsWith("TRANSFORMERD_SERVER: server address")));
}

}  // namespace
}  // namespace transformerd
