// The control groups of Linux that bound what this process may use.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace transformerd {

struct ControlGroup {
  int version = 2;     // 1 or 2, which call their files differently
  std::string folder;  // of those files
};

// The groups of the process whose bounds count for `controller` ("memory",
// "cpu"): its own ones first, those above each behind it. In a container, where
// the path may be that of the host, some are not there. Files are looked up
// under `root`, for tests.
std::vector<ControlGroup> ControlGroupsFor(absl::string_view controller,
                                           const std::string& root);

// The whole text; empty where the file is not there.
std::string ReadText(const std::string& path);

// A file of one number; nothing for "max" and where there is no file.
std::optional<int64_t> ReadNumber(const std::string& path);

}  // namespace transformerd
