#include "server/logging/log_setup.h"

#include <grpc/support/log.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "absl/time/clock.h"
#include "glog/logging.h"
#include "server/logging/json_line.h"
#include "server/logging/log_fields.h"
#include "server/logging/log_levels.h"

namespace transformerd {
namespace {

bool IsWanted(google::LogSeverity severity) {
  const LogFields* const fields = LogFields::Current();
  if (fields != nullptr && fields->is_insistent()) return true;
  const LogLevels levels = GetLogLevels();
  switch (severity) {
    case google::GLOG_INFO:
      return levels.info;
    case google::GLOG_WARNING:
      return levels.warning;
    case google::GLOG_ERROR:
      return levels.error;
    default:
      return true;
  }
}

// Writes each line at once and whole, so that those of threads do not mix.
class StandardErrorSink : public google::LogSink {
 public:
  explicit StandardErrorSink(LogFormat format) : format_(format) {}

  void send(google::LogSeverity severity, const char*, const char* file,
            int line, const google::LogMessageTime& time, const char* message,
            size_t size) override {
    if (!IsWanted(severity)) return;
    const std::string text =
        (format_ == LogFormat::kJson
             ? JsonLine(severity, file, line, absl::string_view(message, size))
             : ToString(severity, file, line, time, message, size)) +
        "\n";
    Write(text);
  }

 private:
  static void Write(absl::string_view text) {
    while (!text.empty()) {
      const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return;  // nobody could be told
      text.remove_prefix(written);
    }
  }
  static std::string JsonLine(google::LogSeverity severity, const char* file,
                              int line, absl::string_view message) {
    LogLine entry;
    entry.time = absl::Now();
    entry.severity = google::GetLogSeverityName(severity);
    entry.file = file;
    entry.line = line;
    entry.thread = static_cast<int>(syscall(SYS_gettid));
    entry.message = message;
    return ToJsonLine(entry, LogFields::Current());
  }

  const LogFormat format_;
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
  // Leaks: lines may come until the process is gone.
  google::AddLogSink(new StandardErrorSink(format));
  // To neither standard error nor files by itself.
  FLAGS_logtostderr = false;
  FLAGS_logtostdout = false;
  FLAGS_alsologtostderr = false;
  FLAGS_stderrthreshold = google::NUM_SEVERITIES;
  for (int severity = 0; severity < google::NUM_SEVERITIES; ++severity) {
    google::SetLogDestination(severity, "");
  }
}

}  // namespace transformerd
