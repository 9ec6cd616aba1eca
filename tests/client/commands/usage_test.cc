#include "client/commands/usage.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace transformerd {
namespace {

using ::testing::StartsWith;

constexpr FlagSpec kFlags[] = {{"param", "KEY=VALUE", "a load parameter"},
                               {"all", "", "all of them"}};
const Command kCommands[] = {
    {"list", "", 0, "list models", {}, nullptr},
    {"load", "NAME", 1, "load a model", kFlags, nullptr},
};

TEST(UsageTest, ShowsEachCommandOnALine) {
  EXPECT_THAT(Usage(kCommands),
              StartsWith("usage: transformerctl COMMAND [FLAG]...\n"
                         "\n"
                         "commands:\n"
                         "  list       list models\n"
                         "  load NAME  load a model\n"
                         "\n"
                         "flags of all commands:\n"
                         "  --server HOST:PORT  the server"));
}

TEST(UsageTest, ShowsTheFlagsOfOneCommand) {
  EXPECT_THAT(Usage(kCommands[1]),
              StartsWith("usage: transformerctl load NAME [FLAG]...\n"
                         "\n"
                         "load a model\n"
                         "\n"
                         "flags:\n"
                         "  --param KEY=VALUE  a load parameter\n"
                         "  --all              all of them\n"
                         "\n"
                         "flags of all commands:\n"));
  EXPECT_THAT(Usage(kCommands[0]),
              StartsWith("usage: transformerctl list [FLAG]...\n"
                         "\n"
                         "list models\n"
                         "\n"
                         "flags of all commands:\n"));
}

}  // namespace
}  // namespace transformerd
