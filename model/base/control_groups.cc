#include "model/base/control_groups.h"

#include <cstdint>
#include <fstream>
#include <iterator>

#include "absl/algorithm/container.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace transformerd {
namespace {

// The group at `path` and those above it, whose folder is `top`.
void AddGroups(int version, const std::string& top, absl::string_view path,
               std::vector<ControlGroup>& groups) {
  absl::string_view rest = absl::StripSuffix(path, "/");
  while (true) {
    groups.push_back({version, absl::StrCat(top, rest)});
    if (rest.empty()) return;
    rest = rest.substr(0, rest.rfind('/'));
  }
}

}  // namespace

std::vector<ControlGroup> ControlGroupsFor(absl::string_view controller,
                                           const std::string& root) {
  const std::string top = root + "/sys/fs/cgroup";
  std::vector<ControlGroup> groups;
  // "0::/path" of version 2, "7:cpu,cpuacct:/path" of version 1.
  const std::string lines = ReadText(root + "/proc/self/cgroup");
  for (const absl::string_view line : absl::StrSplit(lines, '\n')) {
    const std::vector<std::string> fields =
        absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (fields.size() < 3) continue;
    const std::vector<absl::string_view> controllers =
        absl::StrSplit(fields[1], ',');
    if (fields[0] == "0" && fields[1].empty()) {
      AddGroups(2, top, fields[2], groups);
    } else if (absl::c_linear_search(controllers, controller)) {
      AddGroups(1, absl::StrCat(top, "/", controller), fields[2], groups);
    }
  }
  return groups;
}

std::string ReadText(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::optional<int64_t> ReadNumber(const std::string& path) {
  int64_t number = 0;
  if (!absl::SimpleAtoi(ReadText(path), &number)) return std::nullopt;
  return number;
}

}  // namespace transformerd
