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
#include "glog/logging.h"
#include "model/base/status_macros.h"
#include "model/runtime/model_loader.h"
#include "server/flags.h"
#include "server/lifecycle/repository_folder.h"
#include "server/scheduling/clock.h"
#include "server/server.h"
#include "server/signal_thread.h"
#include "server/version.h"

namespace transformerd {
namespace {

constexpr int kWrongFlags = 2;
constexpr int kFailed = 1;

int CodeOf(const absl::Status& status) {
  if (status.ok()) return 0;
  std::cerr << "transformerd: " << status.message() << std::endl;
  return status.code() == absl::StatusCode::kInvalidArgument ? kWrongFlags
                                                             : kFailed;
}

void LogSettings(const Flags& flags) {
  LOG(INFO) << "transformerd " << kVersion;
  for (const Flags::Setting& setting : flags.settings) {
    LOG(INFO) << "--" << setting.name << "=" << setting.value << " ("
              << setting.source << ")";
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
  loader_options.transport_timeout = flags.server.watchdog_timeout;
  loader_options.dtype = flags.server.repository.defaults.load.dtype;
  ASSIGN_OR_RETURN(const std::unique_ptr<ModelLoader> loader,
                   MakeModelLoader(loader_options));
  LogSettings(flags);

  flags.server.version = kVersion;
  SystemClock clock;
  ASSIGN_OR_RETURN(const std::unique_ptr<Server> server,
                   Server::Start(std::move(flags.server), *loader, clock));
  const SignalThread signals([&server](int count) {
    // Whoever asks a third time does not want to wait for anything.
    if (count > 2) _exit(kFailed);
    server->RequestStop();
  });
  server->Run();
  return absl::OkStatus();
}

int Main(const std::vector<std::string>& arguments) {
  absl::StatusOr<Flags> flags = ReadFlags(arguments, ProcessEnvironment());
  if (!flags.ok()) return CodeOf(flags.status());
  if (flags->show_help) {
    std::cout << FlagsHelp();
    return 0;
  }
  if (flags->show_version) {
    std::cout << "transformerd " << kVersion << std::endl;
    return 0;
  }
  return CodeOf(Serve(*std::move(flags)));
}

}  // namespace
}  // namespace transformerd

int main(int argc, char** argv) {
  FLAGS_logtostderr = true;
  google::InitGoogleLogging(argv[0]);
  transformerd::BlockStopSignals();
  return transformerd::Main({argv + 1, argv + argc});
}
