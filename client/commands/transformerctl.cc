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

absl::Status RunCommand(const CommandLine& line, std::ostream& out,
                        std::ostream& err, bool err_is_terminal) {
  absl::StatusOr<std::unique_ptr<Client>> client =
      Client::Create({line.server, line.timeout});
  if (!client.ok()) return client.status();
  CommandContext context{line, **client, out, err, err_is_terminal};
  return line.command->run(context);
}

}  // namespace

int RunTransformerctl(const std::vector<std::string>& words,
                      const std::string& default_server, std::ostream& out,
                      std::ostream& err, bool err_is_terminal) {
  const absl::Span<const Command> commands = AllCommands();
  if (words.empty()) {
    err << Usage(commands);
    return kExitUsage;
  }
  const absl::StatusOr<CommandLine> line =
      ParseCommandLine(words, default_server, commands);
  if (!line.ok()) return FailUsage(line.status(), err);
  if (line->help) {
    out << (line->command == nullptr ? Usage(commands) : Usage(*line->command));
    return kExitOk;
  }
  const absl::Status status = RunCommand(*line, out, err, err_is_terminal);
  if (status.ok()) return kExitOk;
  if (IsUsageError(status)) return FailUsage(status, err);
  err << DescribeFailure(status, *line);
  return kExitFailed;
}

}  // namespace transformerd
