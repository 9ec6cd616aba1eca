#include "client/commands/command_parser.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/temporary_folder.h"
#include "tests/fakes/test_authority.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
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
  EXPECT_EQ(line.connection.address, "127.0.0.1:8001");
  EXPECT_EQ(line.connection.default_timeout, absl::Seconds(60));
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

  EXPECT_EQ(environment.connection.address, "host:1");
  EXPECT_EQ(flag.connection.address, "host:2");
}

TEST(CommandParserTest, ReadsWhatItNeedsToBeKnown) {
  const TemporaryFolder folder;
  const TestAuthority authority("authority");
  const IssuedCertificate alice = authority.Issue("alice");
  ASSERT_OK_AND_ASSIGN(
      const CommandLine line,
      Parse({"list", "--tls_ca", folder.Write("ca", authority.certificate()),
             "--tls_cert", folder.Write("cert", alice.certificate), "--tls_key",
             folder.Write("key", alice.key), "--token_file",
             folder.Write("token", "secret\n")}));

  const ClientSecurity& security = line.connection.security;
  EXPECT_TRUE(security.tls);
  EXPECT_EQ(security.root_certificates + "\n", authority.certificate());
  EXPECT_EQ(security.certificate + "\n", alice.certificate);
  EXPECT_EQ(security.key + "\n", alice.key);
  EXPECT_EQ(security.bearer_token, "secret");
}

TEST(CommandParserTest, TlsTakesNoMoreThanItsFlag) {
  ASSERT_OK_AND_ASSIGN(const CommandLine plain, Parse({"list"}));
  ASSERT_OK_AND_ASSIGN(const CommandLine tls, Parse({"list", "--tls"}));
  EXPECT_FALSE(plain.connection.security.tls);
  EXPECT_TRUE(tls.connection.security.tls);
}

TEST(CommandParserTest, RefusesFilesThatItCannotRead) {
  const TemporaryFolder folder;
  const std::string empty = folder.Write("empty", "\n");
  EXPECT_THAT(Parse({"list", "--token_file=/nowhere/token"}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       StartsWith("--token_file: '/nowhere/token'")));
  EXPECT_THAT(
      Parse({"list", "--token_file", empty}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is empty")));
  EXPECT_THAT(Parse({"list", "--tls_key", folder.Write("key", "k")}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "--tls_cert and --tls_key need each other"));
  EXPECT_THAT(Parse({"list", "--tls_ca", folder.Write("ca", "no PEM")}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("no certificate in PEM form")));
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
