// A load that is under way, for people.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>

#include "proto/model_service.pb.h"

namespace transformerd {

// "1.9 GB", "90.9 MB", "512 bytes": powers of 1000.
std::string BytesText(int64_t bytes);

// One update in words: "stream 61 % 1.9/3.1 GB, 1.8 GB/s, 0.7 s left".
std::string ProgressText(const v1::LoadProgress& progress);

// The same with a bar, for a line that is overwritten.
std::string ProgressBar(const v1::LoadProgress& progress);

// Shows updates as they come: on a terminal one line that changes, else a line
// for each phase, and every few seconds of a long one.
//
// Not thread-safe.
class ProgressDisplay {
 public:
  // `out` must outlive the display.
  ProgressDisplay(std::ostream& out, bool is_terminal)
      : out_(out), is_terminal_(is_terminal) {}
  // Clears the line.
  ~ProgressDisplay();
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

  // Updates without progress show nothing.
  void Show(const v1::WatchModelResponse& update);

 private:
  bool IsNews(const v1::WatchModelResponse& update) const;

  std::ostream& out_;
  const bool is_terminal_;
  bool has_line_ = false;
  // What was shown last.
  int64_t operation_ = 0;
  std::string version_;
  v1::LoadPhase phase_ = v1::LOAD_PHASE_UNSPECIFIED;
  int64_t phase_seconds_ = 0;
};

}  // namespace transformerd
