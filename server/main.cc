// The daemon's entry: flags in, exit code out.
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "glog/logging.h"
#include "model/base/status_macros.h"
#include "model/runtime/model_loader.h"
#include "server/exit_guard.h"
#include "server/flags.h"
#include "server/lifecycle/repository_folder.h"
#include "server/logging/log_fields.h"
#include "server/logging/log_setup.h"
#include "server/scheduling/clock.h"
#include "server/server.h"
#include "server/signal_thread.h"
#include "server/startup_checks.h"
#include "server/version.h"

namespace transformerd {
namespace {

constexpr int kWrongFlags = 2;
constexpr int kFailed = 1;
// After drain_delay and drain_timeout, for answers on their way and for memory.
constexpr absl::Duration kEndingTime = absl::Seconds(15);

int CodeOf(const absl::Status& status) {
  return status.code() == absl::StatusCode::kInvalidArgument ? kWrongFlags
                                                             : kFailed;
}

void Print(const absl::Status& error) {
  std::cerr << "transformerd: " << error.message() << std::endl;
}

void LogSettings(const Flags& flags) {
  LOG(INFO) << "transformerd " << kVersion;
  for (const Flags::Setting& setting : flags.settings) {
    LOG(INFO) << "--" << setting.name << "=" << setting.value << " ("
              << setting.source << ")";
  }
}

void WarnOfShortcomings(const ModelLoader& loader) {
  RaiseOpenFilesLimit();
  int gpus = 0;
  for (int worker = 0; worker < loader.num_workers(); ++worker) {
    gpus += absl::StartsWith(loader.device(worker), "cuda") ? 1 : 0;
  }
  for (const std::string& line : FindShortcomings(ReadMachineFacts(), gpus)) {
    LOG(WARNING) << line;
  }
}

absl::Status Serve(Flags flags) {
  // What else is wrong with the flags, before the first line of the log.
  RETURN_IF_ERROR(
      RepositoryFolder::Open(flags.server.repository.root).status());
  ModelLoaderOptions loader_options;
  loader_options.devices = flags.workers.devices;
  loader_options.threads_per_worker = flags.workers.threads_per_worker;
  loader_options.engine = flags.workers.engine;
  loader_options.replicas = flags.workers.replicas;
  loader_options.load_bandwidth_limit = flags.workers.load_bandwidth_limit;
  loader_options.device_memory_limit = flags.workers.device_memory_limit;
  loader_options.transport_timeout = flags.server.watchdog_timeout;
  loader_options.dtype = flags.server.repository.defaults.load.dtype;
  ASSIGN_OR_RETURN(const std::unique_ptr<ModelLoader> loader,
                   MakeModelLoader(loader_options));
  LogSettings(flags);
  WarnOfShortcomings(*loader);

  flags.server.version = kVersion;
  if (const char* const socket = std::getenv("NOTIFY_SOCKET")) {
    flags.server.notify_socket = socket;
  }
  SystemClock clock;
  ExitGuard guard(
      clock,
      flags.server.drain_delay + flags.server.drain_timeout + kEndingTime, [] {
        LogFields fields;
        fields.Insist();
        LOG(ERROR) << "ending without having stopped: a worker, a load or a "
                      "call is stuck"
                   << fields;
        _exit(kFailed);
      });
  ASSIGN_OR_RETURN(const std::unique_ptr<Server> server,
                   Server::Start(std::move(flags.server), *loader, clock));
  const SignalThread signals([&server, &guard](int count) {
    // Whoever asks a third time does not want to wait for anything.
    if (count > 2) _exit(kFailed);
    guard.Start();
    server->RequestStop();
  });
  return server->Run();
}

int Main(const std::vector<std::string>& arguments) {
  absl::StatusOr<Flags> flags = ReadFlags(arguments, ProcessEnvironment());
  if (!flags.ok()) {
    Print(flags.status());
    return CodeOf(flags.status());
  }
  if (flags->show_help) {
    std::cout << FlagsHelp();
    return 0;
  }
  if (flags->show_version) {
    std::cout << "transformerd " << kVersion << std::endl;
    return 0;
  }
  SetUpLog(flags->log_format);
  const bool as_json = flags->log_format == LogFormat::kJson;
  const absl::Status served = Serve(*std::move(flags));
  if (served.ok()) return 0;
  // A line that people read, or one of the log.
  if (as_json) {
    LogFields fields;
    fields.Insist();
    LOG(ERROR) << served.message() << fields;
  } else {
    Print(served);
  }
  return CodeOf(served);
}

}  // namespace
}  // namespace transformerd

int main(int argc, char** argv) {
  FLAGS_logtostderr = true;
  google::InitGoogleLogging(argv[0]);
  transformerd::BlockStopSignals();
  return transformerd::Main({argv + 1, argv + argc});
}
