#include "server/lifecycle/load_report_table.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace transformerd {
namespace {

void AddLine(absl::string_view name, absl::Duration time, int64_t bytes,
             std::string& table) {
  absl::StrAppendFormat(&table, "%-12s %9.3f", name,
                        absl::ToDoubleSeconds(time));
  if (bytes > 0) {
    absl::StrAppendFormat(&table, " %9.3f", GigabytesPerSecond(bytes, time));
  }
  table += "\n";
}

}  // namespace

std::string LoadReportTable(const LoadReport& report) {
  std::string table =
      absl::StrFormat("%-12s %9s %9s\n", "phase", "seconds", "GB/s");
  for (const PhaseTime& phase : report.phases) {
    AddLine(NameOf(phase.phase), phase.time, BytesMoved(report, phase.phase),
            table);
  }
  AddLine("total", TotalTime(report), report.bytes_read, table);
  absl::StrAppend(&table, "read ", report.bytes_read, " bytes, sent ",
                  report.bytes_broadcast, ", peak ", report.peak_host_bytes,
                  " on the host, ", report.peak_process_bytes,
                  " in the process; ", report.parameters, " parameters in ",
                  report.weight_bytes, " bytes, ", report.replicas,
                  report.replicas == 1 ? " copy" : " copies");
  return table;
}

absl::Duration TotalTime(const LoadReport& report) {
  absl::Duration total;
  for (const PhaseTime& phase : report.phases) total += phase.time;
  return total;
}

int64_t BytesMoved(const LoadReport& report, LoadPhase phase) {
  return phase == LoadPhase::kStream ? report.bytes_read : 0;
}

double GigabytesPerSecond(int64_t bytes, absl::Duration time) {
  if (time <= absl::ZeroDuration()) return 0;
  return static_cast<double>(bytes) / 1e9 / absl::ToDoubleSeconds(time);
}

}  // namespace transformerd
