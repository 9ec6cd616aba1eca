#include "client/commands/text_arguments.h"

#include <algorithm>
#include <utility>

#include "client/commands/command.h"

namespace transformerd {
namespace {

constexpr char kStandardInput[] = "-";

void AddLines(std::istream& in, std::vector<std::string>& texts) {
  std::string line;
  while (std::getline(in, line)) {
    // Lines may come from Windows.
    if (!line.empty() && line.back() == '\r') line.pop_back();
    texts.push_back(std::move(line));
    line.clear();
  }
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ReadTexts(
    absl::Span<const std::string> arguments, std::istream& in) {
  if (std::count(arguments.begin(), arguments.end(), kStandardInput) > 1) {
    return UsageError("'-' is given twice; standard input can be read once");
  }
  std::vector<std::string> texts;
  for (const std::string& argument : arguments) {
    if (argument == kStandardInput) {
      AddLines(in, texts);
    } else {
      texts.push_back(argument);
    }
  }
  if (texts.empty()) return UsageError("standard input holds no text");
  return texts;
}

}  // namespace transformerd
