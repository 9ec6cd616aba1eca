#include "client/commands/command_parser.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "client/commands/connection_flags.h"
#include "model/base/nearest_name.h"
#include "model/base/status_macros.h"

namespace transformerd {
namespace {

constexpr FlagSpec kCommonFlags[] = {
    {"server", "HOST:PORT",
     "the server (default: $TRANSFORMERD_SERVER, or 127.0.0.1:8001)"},
    {"timeout", "DURATION",
     "longest wait for a call (60s; none for load, unload and watch)"},
    {"tls", "", "use TLS; so do the next three"},
    {"tls_ca", "FILE", "authority of the server's certificate (the system's)"},
    {"tls_cert", "FILE", "certificate to show, with --tls_key"},
    {"tls_key", "FILE", "its key"},
    {"token_file", "FILE", "bearer token to send"},
    {"json", "", "print JSON"},
    {"help", "", "print this"},
};

std::string DidYouMean(absl::string_view given,
                       const std::vector<absl::string_view>& names,
                       absl::string_view prefix) {
  const absl::string_view nearest = NearestName(given, names);
  if (nearest.empty()) return "";
  return absl::StrCat("; did you mean ", prefix, nearest, "?");
}

const FlagSpec* Find(absl::Span<const FlagSpec> flags, absl::string_view name) {
  for (const FlagSpec& flag : flags) {
    if (flag.name == name) return &flag;
  }
  return nullptr;
}

// Parses in two steps, because flags may stand before the command that they
// belong to: first words into flags and arguments, then the command's checks.
class Parser {
 public:
  Parser(const std::vector<std::string>& words,
         absl::Span<const Command> commands)
      : words_(words), commands_(commands) {}

  absl::StatusOr<CommandLine> Parse(const std::string& default_server) {
    RETURN_IF_ERROR(SplitWords());
    RETURN_IF_ERROR(ReadCommonFlags(default_server));
    if (line_.help && line_.arguments.empty()) return std::move(line_);
    RETURN_IF_ERROR(FindCommand());
    RETURN_IF_ERROR(CheckFlags());
    RETURN_IF_ERROR(CheckArguments());
    return std::move(line_);
  }

 private:
  absl::Status SplitWords() {
    for (next_ = 0; next_ < words_.size();) {
      const std::string& word = words_[next_++];
      if (word == "--") {
        line_.arguments.insert(line_.arguments.end(), words_.begin() + next_,
                               words_.end());
        break;
      }
      if (word == "-h") {
        line_.flags["help"].push_back("");
      } else if (absl::StartsWith(word, "-") && word.size() > 1) {
        RETURN_IF_ERROR(TakeFlag(word));
      } else {
        line_.arguments.push_back(word);
      }
    }
    return absl::OkStatus();
  }

  absl::Status TakeFlag(absl::string_view word) {
    absl::string_view name = word;
    if (!absl::ConsumePrefix(&name, "--")) absl::ConsumePrefix(&name, "-");
    const size_t equals = name.find('=');
    const bool has_value = equals != absl::string_view::npos;
    std::string value;
    if (has_value) {
      value = std::string(name.substr(equals + 1));
      name = name.substr(0, equals);
    }
    const FlagSpec* flag = FindAnywhere(name);
    if (flag == nullptr) {
      return UsageError(absl::StrCat("unknown flag '--", name, "'",
                                     DidYouMean(name, AllFlagNames(), "--")));
    }
    if (flag->value.empty() && has_value) {
      return UsageError(
          absl::StrCat("flag --", name, " takes no value, not '", value, "'"));
    }
    if (!flag->value.empty() && !has_value) {
      if (next_ == words_.size()) {
        return UsageError(
            absl::StrCat("flag --", name, " needs a value: ", flag->value));
      }
      value = words_[next_++];
    }
    line_.flags[std::string(name)].push_back(std::move(value));
    return absl::OkStatus();
  }

  const FlagSpec* FindAnywhere(absl::string_view name) const {
    if (const FlagSpec* flag = Find(kCommonFlags, name)) return flag;
    for (const Command& command : commands_) {
      if (const FlagSpec* flag = Find(command.flags, name)) return flag;
    }
    return nullptr;
  }

  std::vector<absl::string_view> AllFlagNames() const {
    std::vector<absl::string_view> names;
    for (const FlagSpec& flag : kCommonFlags) names.push_back(flag.name);
    for (const Command& command : commands_) {
      for (const FlagSpec& flag : command.flags) names.push_back(flag.name);
    }
    return names;
  }

  absl::Status ReadCommonFlags(const std::string& default_server) {
    line_.help = !line_.Values("help").empty();
    line_.json = !line_.Values("json").empty();
    ASSIGN_OR_RETURN(line_.connection,
                     ReadConnectionFlags(line_.flags, default_server));
    return absl::OkStatus();
  }

  absl::Status FindCommand() {
    if (line_.arguments.empty()) return UsageError("no command given");
    const std::string name = line_.arguments.front();
    line_.arguments.erase(line_.arguments.begin());
    std::vector<absl::string_view> names;
    for (const Command& command : commands_) {
      if (command.name == name) line_.command = &command;
      names.push_back(command.name);
    }
    if (line_.command == nullptr) {
      return UsageError(absl::StrCat("unknown command '", name, "'",
                                     DidYouMean(name, names, "")));
    }
    return absl::OkStatus();
  }

  absl::Status CheckFlags() const {
    for (const auto& [name, values] : line_.flags) {
      if (Find(kCommonFlags, name) == nullptr &&
          Find(line_.command->flags, name) == nullptr) {
        return UsageError(absl::StrCat("flag --", name, " is not one of '",
                                       line_.command->name, "'"));
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckArguments() const {
    const int given = static_cast<int>(line_.arguments.size());
    const Command& command = *line_.command;
    if (line_.help || given == command.num_arguments ||
        (command.repeats_last && given > command.num_arguments)) {
      return absl::OkStatus();
    }
    if (given < command.num_arguments) {
      return UsageError(
          absl::StrCat("'", command.name, "' needs ", command.arguments));
    }
    return UsageError(absl::StrCat("'", command.name, "' takes no '",
                                   line_.arguments[command.num_arguments],
                                   "'"));
  }

  const std::vector<std::string>& words_;
  const absl::Span<const Command> commands_;
  size_t next_ = 0;
  CommandLine line_;
};

}  // namespace

absl::Span<const FlagSpec> CommonFlags() { return kCommonFlags; }

absl::StatusOr<CommandLine> ParseCommandLine(
    const std::vector<std::string>& words, const std::string& default_server,
    absl::Span<const Command> commands) {
  return Parser(words, commands).Parse(default_server);
}

}  // namespace transformerd
