// The command line client of transformerd.
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
  return transformerd::RunTransformerctl(words, server == nullptr ? "" : server,
                                         std::cout, std::cerr,
                                         isatty(STDERR_FILENO) == 1);
}
