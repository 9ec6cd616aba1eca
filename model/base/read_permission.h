// Why a file or folder may not be read, and what helps.
#pragma once

#include <string>

namespace transformerd {

// For the end of a message about EACCES: " (mode 0600 of user 0, while this
// process runs as user 1000: chmod a+r it, or run as its owner)". Another text
// where a folder on the way to `path` is what may not be entered.
std::string ReadPermissionHint(const std::string& path);

}  // namespace transformerd
