#include "server/logging/log_setup.h"

#include <grpc/support/log.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>

#include "absl/time/clock.h"
#include "glog/logging.h"
#include "server/logging/json_line.h"
#include "server/logging/log_fields.h"

namespace transformerd {
namespace {

// Writes each line at once and whole, so that those of threads do not mix.
class JsonSink : public google::LogSink {
 public:
  void send(google::LogSeverity severity, const char*, const char* file,
            int line, const google::LogMessageTime&, const char* message,
            size_t size) override {
    LogLine entry;
    entry.time = absl::Now();
    entry.severity = google::GetLogSeverityName(severity);
    entry.file = file;
    entry.line = line;
    entry.thread = static_cast<int>(syscall(SYS_gettid));
    entry.message = absl::string_view(message, size);
    const std::string text = ToJsonLine(entry, LogFields::Current()) + "\n";
    // Nobody could be told of an error.
    [[maybe_unused]] const ssize_t written =
        write(STDERR_FILENO, text.data(), text.size());
  }
};

void LogGrpc(gpr_log_func_args* args) {
  google::LogSeverity severity = google::GLOG_INFO;
  if (args->severity == GPR_LOG_SEVERITY_ERROR) severity = google::GLOG_ERROR;
  google::LogMessage(args->file, args->line, severity).stream()
      << "gRPC: " << args->message;
}

}  // namespace

void SetUpLog(LogFormat format) {
  gpr_set_log_function(&LogGrpc);
  if (format == LogFormat::kText) return;
  // Leaks: lines may come until the process is gone.
  google::AddLogSink(new JsonSink);
  // To neither standard error nor files by itself.
  FLAGS_logtostderr = false;
  FLAGS_stderrthreshold = google::NUM_SEVERITIES;
  for (int severity = 0; severity < google::NUM_SEVERITIES; ++severity) {
    google::SetLogDestination(severity, "");
  }
}

}  // namespace transformerd
