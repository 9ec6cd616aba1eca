#include "server/unread_input.h"

#include <dirent.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "absl/cleanup/cleanup.h"

namespace transformerd {
namespace {

bool IsSocket(int descriptor) {
  struct stat status;
  return fstat(descriptor, &status) == 0 && S_ISSOCK(status.st_mode);
}

int UnreadBytes(int descriptor) {
  int bytes = 0;
  return ioctl(descriptor, FIONREAD, &bytes) == 0 ? bytes : 0;
}

}  // namespace

bool HasUnreadInput() {
  DIR* const folder = opendir("/proc/self/fd");
  if (folder == nullptr) return false;
  const auto close = absl::MakeCleanup([folder] { closedir(folder); });
  while (const dirent* const entry = readdir(folder)) {
    // "." and ".." are 0 by this; standard input may be a socket of others.
    const int descriptor = std::atoi(entry->d_name);
    if (descriptor <= STDERR_FILENO || !IsSocket(descriptor)) continue;
    if (UnreadBytes(descriptor) > 0) return true;
  }
  return false;
}

}  // namespace transformerd
