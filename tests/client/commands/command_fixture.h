// Command lines against the fake server.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "client/commands/transformerctl.h"
#include "gtest/gtest.h"
#include "tests/fakes/fake_inference_server.h"

namespace transformerd {

class CommandFixture : public ::testing::Test {
 protected:
  // Runs with `input` as standard input, on columns_ columns; what was printed
  // is in out_ and err_.
  int Run(const std::vector<std::string>& words,
          const std::string& input = "") {
    std::istringstream in(input);
    std::ostringstream out, err;
    const int code =
        RunTransformerctl(words, server_.address(), {in, out, err, columns_});
    out_ = out.str();
    err_ = err.str();
    return code;
  }

  FakeInferenceServer server_;
  int columns_ = 80;
  std::string out_;
  std::string err_;
};

}  // namespace transformerd
