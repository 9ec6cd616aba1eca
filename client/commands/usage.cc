#include "client/commands/usage.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "client/commands/command_parser.h"
#include "client/commands/text_table.h"

namespace transformerd {
namespace {

std::string NameWith(absl::string_view name, absl::string_view rest,
                     absl::string_view separator) {
  return rest.empty() ? std::string(name) : absl::StrCat(name, separator, rest);
}

std::string FlagTable(absl::Span<const FlagSpec> flags) {
  TextTable table;
  for (const FlagSpec& flag : flags) {
    table.AddRow({absl::StrCat("  --", NameWith(flag.name, flag.value, " ")),
                  std::string(flag.help)});
  }
  return table.ToString();
}

}  // namespace

std::string Usage(absl::Span<const Command> commands) {
  TextTable table;
  for (const Command& command : commands) {
    table.AddRow(
        {absl::StrCat("  ", NameWith(command.name, command.arguments, " ")),
         std::string(command.help)});
  }
  return absl::StrCat("usage: transformerctl COMMAND [FLAG]...\n\ncommands:\n",
                      table.ToString(), "\nflags of all commands:\n",
                      FlagTable(CommonFlags()),
                      "\n`transformerctl COMMAND --help` shows its flags\n");
}

std::string Usage(const Command& command) {
  std::string text = absl::StrCat(
      "usage: transformerctl ", NameWith(command.name, command.arguments, " "),
      " [FLAG]...\n\n", command.help, "\n");
  if (!command.flags.empty()) {
    absl::StrAppend(&text, "\nflags:\n", FlagTable(command.flags));
  }
  absl::StrAppend(&text, "\nflags of all commands:\n",
                  FlagTable(CommonFlags()));
  return text;
}

}  // namespace transformerd
