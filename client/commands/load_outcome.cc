#include "client/commands/load_outcome.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/commands/load_progress.h"

namespace transformerd {
namespace {

double Seconds(const google::protobuf::Duration& duration) {
  return static_cast<double>(duration.seconds()) + 1e-9 * duration.nanos();
}

}  // namespace

std::string LoadedText(const v1::LoadedVersion& version) {
  const v1::LoadReport& report = version.report();
  double rate = 0;
  for (const v1::PhaseReport& phase : report.phases()) {
    if (phase.phase() == v1::STREAM) rate = phase.gigabytes_per_second();
  }
  std::string text = absl::StrCat(
      "version ", version.version(), ": ", report.parameters(), " parameters, ",
      BytesText(report.weight_bytes() * report.replicas()), " in memory, ",
      BytesText(report.bytes_read()), " read");
  if (rate > 0) absl::StrAppendFormat(&text, " at %.2f GB/s", rate);
  absl::StrAppendFormat(&text, ", %.2f s, peak %s", Seconds(report.time()),
                        BytesText(report.peak_host_bytes()));
  return text;
}

absl::Status OutcomeStatus(const v1::LoadOutcome& outcome) {
  for (int code = 0; code <= 16; ++code) {
    const auto known = static_cast<absl::StatusCode>(code);
    if (absl::StatusCodeToString(known) == outcome.code()) {
      return absl::Status(known, outcome.message());
    }
  }
  return absl::UnknownError(
      absl::StrCat(outcome.code(), ": ", outcome.message()));
}

}  // namespace transformerd
