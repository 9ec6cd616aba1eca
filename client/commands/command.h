// What a command of transformerctl is.
#pragma once

#include <istream>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "client/client.h"

namespace transformerd {

struct FlagSpec {
  absl::string_view name;   // without dashes
  absl::string_view value;  // what stands behind it in the usage; empty: none
  absl::string_view help;   // one line
};

struct CommandLine;
struct CommandContext;

// One subcommand: its place in the usage, and what it does.
struct Command {
  absl::string_view name;
  absl::string_view arguments;       // as in the usage: "NAME", or empty
  int num_arguments = 0;             // that it takes, all required
  absl::string_view help;            // one line
  absl::Span<const FlagSpec> flags;  // beyond the common ones
  // Writes its result to context.out. UsageError for arguments that only it
  // can judge; every other error is that of a failed call.
  absl::Status (*run)(CommandContext& context) = nullptr;
  bool repeats_last = false;  // takes more arguments like its last one
};

// What the user asked for, checked against the command's own description.
struct CommandLine {
  const Command* command = nullptr;  // null where only help is wanted
  std::vector<std::string> arguments;
  // By flag, in the order given; empty text for a flag without a value.
  std::map<std::string, std::vector<std::string>> flags;
  ClientOptions connection;
  bool json = false;
  bool help = false;

  // All values of a flag; none where it was not given.
  const std::vector<std::string>& Values(const std::string& flag) const;

  // For calls that last as long as a load or an unload does: no time-out but
  // the user's own. One that passes would cancel the load.
  CallOptions LongCall() const;
};

// All that a running command touches.
struct CommandContext {
  const CommandLine& line;
  Client& client;
  std::ostream& out;
  std::istream& in;
  // For what is shown while a command runs and is not its result.
  std::ostream& err;
  bool err_is_terminal = false;
  int columns = 80;  // of the terminal that shows `out`
};

// INVALID_ARGUMENT marked as the user's: it ends with exit code 2.
absl::Status UsageError(absl::string_view message);
bool IsUsageError(const absl::Status& status);

// The error of a call with what the user can do about it, where the command
// knows better than the error's code; empty where it does not.
absl::Status WithHint(absl::Status status, absl::string_view hint);
std::string HintOf(const absl::Status& status);

}  // namespace transformerd
