#include "model/base/usable_cores.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "model/base/control_groups.h"

namespace transformerd {
namespace {

// Time of all cores together that may be used in each period, both in
// microseconds.
struct Quota {
  int64_t time = 0, period = 0;
};

std::optional<Quota> QuotaOf(const ControlGroup& group) {
  if (group.version == 1) {
    // -1: no quota.
    const auto time = ReadNumber(group.folder + "/cpu.cfs_quota_us");
    const auto period = ReadNumber(group.folder + "/cpu.cfs_period_us");
    if (!time || !period) return std::nullopt;
    return Quota{*time, *period};
  }
  // "max 100000" or "150000 100000".
  const std::string text = ReadText(group.folder + "/cpu.max");
  const std::vector<std::string> words =
      absl::StrSplit(text, absl::ByAnyChar(" \n"), absl::SkipEmpty());
  Quota quota;
  if (words.size() != 2 || !absl::SimpleAtoi(words[0], &quota.time) ||
      !absl::SimpleAtoi(words[1], &quota.period)) {
    return std::nullopt;
  }
  return quota;
}

}  // namespace

int UsableCores(const std::string& root) {
  // Of the processor affinity.
  int64_t cores = std::thread::hardware_concurrency();
  for (const ControlGroup& group : ControlGroupsFor("cpu", root)) {
    const std::optional<Quota> quota = QuotaOf(group);
    if (!quota || quota->time <= 0 || quota->period <= 0) continue;
    cores = std::min(cores, (quota->time - 1) / quota->period + 1);
  }
  return static_cast<int>(std::max<int64_t>(1, cores));
}

}  // namespace transformerd
