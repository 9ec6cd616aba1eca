#include "model/base/read_permission.h"

#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_format.h"

namespace transformerd {

std::string ReadPermissionHint(const std::string& path) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0) {
    return absl::StrFormat(
        " (user %d, as which this process runs, may not enter a folder on the "
        "way: chmod a+rx it, or run as its owner)",
        geteuid());
  }
  constexpr unsigned kPermissions = 07777;
  return absl::StrFormat(
      " (mode %04o of user %d, while this process runs as user %d: chmod %s "
      "it, or run as its owner)",
      status.st_mode & kPermissions, status.st_uid, geteuid(),
      S_ISDIR(status.st_mode) ? "a+rx" : "a+r");
}

}  // namespace transformerd
