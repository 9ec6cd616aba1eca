// Notices that files have changed.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/scheduling/ticker.h"

namespace transformerd {

// At each tick looks whether one of the files is another one, or was written
// to; links are followed, since what Kubernetes mounts is behind some. Then
// they are read again, at each tick until that succeeds: a certificate whose
// time has not come becomes right without a change. What cannot be read, or is
// only half there, changes nothing, and the log says so once.
//
// One thread at a time.
class FileWatch : public TickListener {
 public:
  // Files are as they are now; `reread` is called after a change. `what` is for
  // the log: "the certificates".
  FileWatch(std::string what, std::vector<std::string> paths,
            std::function<absl::Status()> reread);

  void OnTick() override;

 private:
  // Differs where the files do.
  std::string Stamp() const;

  const std::string what_;
  const std::vector<std::string> paths_;
  const std::function<absl::Status()> reread_;
  std::string stamp_;
  absl::Status failure_;  // of the last read after a change; OK: none
};

}  // namespace transformerd
