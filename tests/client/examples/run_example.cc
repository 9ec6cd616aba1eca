#include "tests/client/examples/run_example.h"

#include <cstddef>
#include <cstdio>

#include "absl/strings/str_cat.h"

namespace transformerd {

ProgramResult RunExample(const std::string& command, const std::string& input) {
  const std::string pipeline = absl::StrCat(
      "printf '%s' '", input, "' | client/examples/", command, " 2>&1");
  ProgramResult result;
  FILE* pipe = popen(pipeline.c_str(), "r");
  if (pipe == nullptr) return result;
  char buffer[256];
  while (const size_t size = fread(buffer, 1, sizeof(buffer), pipe)) {
    result.output.append(buffer, size);
  }
  result.wait_status = pclose(pipe);
  return result;
}

}  // namespace transformerd
