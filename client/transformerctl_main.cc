// The command line client of transformerd.
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "client/commands/command_parser.h"
#include "client/commands/transformerctl.h"

int main(int argc, char** argv) {
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
