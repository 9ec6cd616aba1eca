#include "client/commands/flag_values.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace transformerd {

std::string ReadVersion(const CommandLine& line) {
  const std::vector<std::string>& versions = line.Values("version");
  return versions.empty() ? "" : versions.back();
}

absl::StatusOr<int64_t> ReadNumValues(const CommandLine& line,
                                      int64_t default_count) {
  int64_t count = default_count;
  for (const std::string& text : line.Values("values")) {
    if (!absl::SimpleAtoi(text, &count) || count < 0) {
      return UsageError(absl::StrCat("--values: '", text,
                                     "' is not a number from 0 upwards"));
    }
  }
  return count;
}

}  // namespace transformerd
