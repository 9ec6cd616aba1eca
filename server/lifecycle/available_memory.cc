#include "server/lifecycle/available_memory.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "model/base/control_groups.h"

namespace transformerd {
namespace {

// Where one version of control groups keeps its numbers.
struct GroupFiles {
  absl::string_view limit, usage, inactive_file;
};

constexpr GroupFiles kVersion1 = {
    "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"};
constexpr GroupFiles kVersion2 = {"memory.max", "memory.current",
                                  "inactive_file"};

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

// What the group leaves; nothing where it sets no limit.
std::optional<int64_t> LeftIn(const ControlGroup& group) {
  const GroupFiles& files = group.version == 1 ? kVersion1 : kVersion2;
  const auto limit = ReadNumber(absl::StrCat(group.folder, "/", files.limit));
  const auto usage = ReadNumber(absl::StrCat(group.folder, "/", files.usage));
  if (!limit.has_value() || !usage.has_value()) return std::nullopt;
  const int64_t cache =
      FindNumber(ReadText(group.folder + "/memory.stat"), files.inactive_file)
          .value_or(0);
  const int64_t held = *usage - std::min(*usage, cache);
  return std::max<int64_t>(0, *limit - held);
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
  for (const ControlGroup& group : ControlGroupsFor("memory", root)) {
    take(LeftIn(group), "cgroup");
  }
  if (least.has_value()) return *least;
  return absl::UnavailableError(
      "neither '/proc/meminfo' nor a control group tells the free memory");
}

}  // namespace transformerd
