#include "client/commands/load_progress.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/commands/text_table.h"

namespace transformerd {
namespace {

constexpr int kBarWidth = 24;
// Between two lines of one phase where nothing can be overwritten.
constexpr int64_t kSecondsBetweenLines = 5;
// To the begin of the line, and clear it.
constexpr char kClearLine[] = "\r\033[K";

struct Unit {
  double size;
  const char* name;
};

Unit UnitFor(double bytes) {
  if (bytes >= 1e9) return {1e9, "GB"};
  if (bytes >= 1e6) return {1e6, "MB"};
  if (bytes >= 1e3) return {1e3, "kB"};
  return {1, "bytes"};
}

std::string Scaled(double bytes, const Unit& unit) {
  return unit.size == 1 ? absl::StrFormat("%.0f", bytes)
                        : absl::StrFormat("%.1f", bytes / unit.size);
}

std::string PhaseName(v1::LoadPhase phase) {
  return absl::AsciiStrToLower(v1::LoadPhase_Name(phase));
}

double DoneShare(const v1::LoadProgress& progress) {
  if (progress.bytes_total() <= 0) return 0;
  return std::clamp(static_cast<double>(progress.bytes_done()) /
                        static_cast<double>(progress.bytes_total()),
                    0.0, 1.0);
}

std::string BytesOfTotal(const v1::LoadProgress& progress) {
  const auto done = static_cast<double>(progress.bytes_done());
  const auto total = static_cast<double>(progress.bytes_total());
  const Unit unit = UnitFor(total);
  std::string text = absl::StrCat(Scaled(done, unit), "/", Scaled(total, unit),
                                  " ", unit.name);
  if (progress.bytes_per_second() > 0) {
    const Unit rate = UnitFor(progress.bytes_per_second());
    absl::StrAppend(&text, ", ", Scaled(progress.bytes_per_second(), rate), " ",
                    rate.name, "/s");
  }
  if (progress.has_time_left()) {
    absl::StrAppendFormat(&text, ", %.1f s left",
                          static_cast<double>(progress.time_left().seconds()) +
                              1e-9 * progress.time_left().nanos());
  }
  return text;
}

}  // namespace

std::string BytesText(int64_t bytes) {
  const Unit unit = UnitFor(static_cast<double>(bytes));
  return absl::StrCat(Scaled(static_cast<double>(bytes), unit), " ", unit.name);
}

std::string ProgressText(const v1::LoadProgress& progress) {
  const std::string phase = PhaseName(progress.phase());
  if (progress.phase() != v1::STREAM) return phase;
  return absl::StrFormat("%s %d %% %s", phase,
                         static_cast<int>(DoneShare(progress) * 100),
                         BytesOfTotal(progress));
}

std::string ProgressBar(const v1::LoadProgress& progress) {
  const bool is_read = progress.phase() > v1::STREAM;
  const double share = is_read ? 1 : DoneShare(progress);
  const int filled = static_cast<int>(share * kBarWidth);
  return absl::StrCat("[", std::string(filled, '#'),
                      std::string(kBarWidth - filled, '-'), "] ",
                      ProgressText(progress));
}

ProgressDisplay::~ProgressDisplay() {
  if (has_line_) out_ << kClearLine << std::flush;
}

bool ProgressDisplay::IsNews(const v1::WatchModelResponse& update) const {
  const v1::LoadProgress& progress = update.progress();
  return update.operation() != operation_ || update.version() != version_ ||
         progress.phase() != phase_ ||
         progress.phase_time().seconds() >=
             phase_seconds_ + kSecondsBetweenLines;
}

void ProgressDisplay::Show(const v1::WatchModelResponse& update) {
  if (!update.has_progress() || update.has_outcome()) return;
  const std::string what = WithoutControls(absl::StrCat(
      "model '", update.model(), "'",
      update.version().empty() ? "" : " version ", update.version(), ": "));
  if (is_terminal_) {
    out_ << kClearLine << what << ProgressBar(update.progress()) << std::flush;
    has_line_ = true;
    return;
  }
  if (!IsNews(update)) return;
  out_ << what << ProgressText(update.progress()) << std::endl;
  operation_ = update.operation();
  version_ = update.version();
  phase_ = update.progress().phase();
  phase_seconds_ = update.progress().phase_time().seconds();
}

}  // namespace transformerd
