// The command line client of transformerd.
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "client/commands/connection_flags.h"
#include "client/commands/transformerctl.h"
#include "grpc/support/log.h"

int main(int argc, char** argv) {
  // What gRPC logs of a connection that fails is in the status as well.
  if (std::getenv("GRPC_VERBOSITY") == nullptr) {
    gpr_set_log_function([](gpr_log_func_args*) {});
  }
  const std::vector<std::string> words(argv + 1, argv + argc);
  const char* server =
      std::getenv(std::string(transformerd::kServerVariable).c_str());
  transformerd::Console console{std::cin, std::cout, std::cerr};
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    console.columns = size.ws_col;
  }
  console.err_is_terminal = isatty(STDERR_FILENO) == 1;
  return transformerd::RunTransformerctl(words, server == nullptr ? "" : server,
                                         console);
}
