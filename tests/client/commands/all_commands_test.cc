#include "client/commands/all_commands.h"

#include <map>
#include <string>

#include "client/commands/command_parser.h"
#include "gtest/gtest.h"

namespace transformerd {
namespace {

TEST(AllCommandsTest, EachIsComplete) {
  for (const Command& command : AllCommands()) {
    EXPECT_FALSE(command.name.empty());
    EXPECT_FALSE(command.help.empty()) << command.name;
    EXPECT_NE(command.run, nullptr) << command.name;
    EXPECT_EQ(command.arguments.empty(), command.num_arguments == 0)
        << command.name;
  }
}

// The parser reads flags before it knows the command.
TEST(AllCommandsTest, AFlagTakesAValueInAllCommandsOrInNone) {
  std::map<std::string, bool> takes_value;
  for (const FlagSpec& flag : CommonFlags()) {
    takes_value[std::string(flag.name)] = !flag.value.empty();
  }
  for (const Command& command : AllCommands()) {
    for (const FlagSpec& flag : command.flags) {
      const auto [known, is_new] =
          takes_value.emplace(std::string(flag.name), !flag.value.empty());
      EXPECT_EQ(known->second, !flag.value.empty())
          << command.name << " --" << flag.name;
    }
  }
}

}  // namespace
}  // namespace transformerd
