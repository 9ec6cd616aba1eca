#include "client/commands/transformerctl.h"

#include <memory>

#include "absl/status/statusor.h"
#include "client/client.h"
#include "client/commands/all_commands.h"
#include "client/commands/command.h"
#include "client/commands/command_parser.h"
#include "client/commands/error_report.h"
#include "client/commands/usage.h"

namespace transformerd {
namespace {

constexpr char kHelpHint[] = "`transformerctl --help` shows the usage\n";

int FailUsage(const absl::Status& status, std::ostream& err) {
  err << "transformerctl: " << status.message() << "\n" << kHelpHint;
  return kExitUsage;
}

absl::Status RunCommand(const CommandLine& line, const Console& console) {
  absl::StatusOr<std::unique_ptr<Client>> client =
      Client::Create(line.connection);
  if (!client.ok()) return client.status();
  CommandContext context{line,           **client,    console.out,
                         console.in,     console.err, console.err_is_terminal,
                         console.columns};
  return line.command->run(context);
}

}  // namespace

int RunTransformerctl(const std::vector<std::string>& words,
                      const std::string& default_server,
                      const Console& console) {
  const absl::Span<const Command> commands = AllCommands();
  if (words.empty()) {
    console.err << Usage(commands);
    return kExitUsage;
  }
  const absl::StatusOr<CommandLine> line =
      ParseCommandLine(words, default_server, commands);
  if (!line.ok()) return FailUsage(line.status(), console.err);
  if (line->help) {
    console.out << (line->command == nullptr ? Usage(commands)
                                             : Usage(*line->command));
    return kExitOk;
  }
  const absl::Status status = RunCommand(*line, console);
  if (status.ok()) return kExitOk;
  if (IsUsageError(status)) return FailUsage(status, console.err);
  console.err << DescribeFailure(status, *line);
  return kExitFailed;
}

}  // namespace transformerd
