#include "server/lifecycle/load_report_table.h"

#include "gtest/gtest.h"

namespace transformerd {
namespace {

LoadReport ExampleReport() {
  LoadReport report;
  report.phases = {{LoadPhase::kPlan, absl::Milliseconds(4)},
                   {LoadPhase::kStream, absl::Milliseconds(500)}};
  report.parameters = 22;
  report.weight_bytes = 88;
  report.replicas = 2;
  report.bytes_read = 1000000000;
  report.bytes_broadcast = 88;
  report.peak_host_bytes = 200;
  report.peak_process_bytes = 300;
  return report;
}

TEST(LoadReportTableTest, HasALineForEachPhaseAndOneOfTotals) {
  EXPECT_EQ(LoadReportTable(ExampleReport()),
            "phase          seconds      GB/s\n"
            "plan             0.004\n"
            "stream           0.500     2.000\n"
            "total            0.504     1.984\n"
            "read 1000000000 bytes, sent 88, peak 200 on the host, 300 in the "
            "process; 22 parameters in 88 bytes, 2 copies");
}

TEST(LoadReportTableTest, NoTimeIsNoRate) {
  EXPECT_EQ(GigabytesPerSecond(5, absl::ZeroDuration()), 0);
  EXPECT_EQ(TotalTime(LoadReport()), absl::ZeroDuration());
}

}  // namespace
}  // namespace transformerd
