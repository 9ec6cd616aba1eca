#include "server/lifecycle/available_memory.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace transformerd {
namespace {

// Where one version of control groups keeps its numbers.
struct GroupFiles {
  absl::string_view folder, limit, usage, inactive_file;
};

constexpr GroupFiles kVersion1 = {
    "/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
    "total_inactive_file"};
constexpr GroupFiles kVersion2 = {"/sys/fs/cgroup", "memory.max",
                                  "memory.current", "inactive_file"};

// Empty where the file is not there.
std::string ReadText(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A file of one number; nothing for "max" and where there is no file.
std::optional<int64_t> ReadNumber(const std::string& path) {
  int64_t number = 0;
  if (!absl::SimpleAtoi(ReadText(path), &number)) return std::nullopt;
  return number;
}

// The number behind `name` in lines of "name number ...".
std::optional<int64_t> FindNumber(absl::string_view text,
                                  absl::string_view name) {
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::vector<absl::string_view> words =
        absl::StrSplit(line, ' ', absl::SkipEmpty());
    int64_t number = 0;
    if (words.size() >= 2 && words[0] == name &&
        absl::SimpleAtoi(words[1], &number)) {
      return number;
    }
  }
  return std::nullopt;
}

// What the group in `folder` leaves; nothing where it sets no limit.
std::optional<int64_t> LeftIn(const std::string& folder,
                              const GroupFiles& files) {
  const auto limit = ReadNumber(absl::StrCat(folder, "/", files.limit));
  const auto usage = ReadNumber(absl::StrCat(folder, "/", files.usage));
  if (!limit.has_value() || !usage.has_value()) return std::nullopt;
  const int64_t cache =
      FindNumber(ReadText(folder + "/memory.stat"), files.inactive_file)
          .value_or(0);
  const int64_t held = *usage - std::min(*usage, cache);
  return std::max<int64_t>(0, *limit - held);
}

// The group that the process is in, and how its version names things. Lines
// are "0::/path" for version 2 and "7:memory:/path" for version 1.
std::vector<std::pair<std::string, GroupFiles>> GroupsOf(
    absl::string_view cgroup) {
  std::vector<std::pair<std::string, GroupFiles>> groups;
  for (const absl::string_view line : absl::StrSplit(cgroup, '\n')) {
    const std::vector<std::string> fields =
        absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (fields.size() < 3) continue;
    const std::vector<std::string> controllers = absl::StrSplit(fields[1], ',');
    if (fields[0] == "0" && fields[1].empty()) {
      groups.emplace_back(fields[2], kVersion2);
    } else if (std::count(controllers.begin(), controllers.end(), "memory")) {
      groups.emplace_back(fields[2], kVersion1);
    }
  }
  return groups;
}

}  // namespace

absl::StatusOr<AvailableMemory> ReadAvailableMemory(const std::string& root) {
  std::optional<AvailableMemory> least;
  const auto take = [&least](std::optional<int64_t> bytes,
                             absl::string_view bound) {
    if (!bytes.has_value()) return;
    if (least.has_value() && least->bytes <= *bytes) return;
    least = AvailableMemory{*bytes, std::string(bound)};
  };
  const auto kibibytes =
      FindNumber(ReadText(root + "/proc/meminfo"), "MemAvailable:");
  if (kibibytes.has_value()) take(*kibibytes * 1024, "MemAvailable");
  for (auto& [path, files] : GroupsOf(ReadText(root + "/proc/self/cgroup"))) {
    // In a container the path may be that of the host, of which only the root
    // is there: it is the container's own group.
    absl::string_view rest = absl::StripSuffix(path, "/");
    while (true) {
      take(LeftIn(absl::StrCat(root, files.folder, rest), files), "cgroup");
      if (rest.empty()) break;
      rest = rest.substr(0, rest.rfind('/'));
    }
  }
  if (least.has_value()) return *least;
  return absl::UnavailableError(
      "neither '/proc/meminfo' nor a control group tells the free memory");
}

}  // namespace transformerd
