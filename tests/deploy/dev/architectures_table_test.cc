#include "deploy/dev/architectures_table.h"

#include <fstream>
#include <sstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace transformerd {
namespace {

using ::testing::HasSubstr;

TEST(ArchitecturesTableTest, IsThatOfTheReadme) {
  std::stringstream readme;
  readme << std::ifstream("README.md").rdbuf();

  EXPECT_THAT(readme.str(), HasSubstr("<!-- architectures -->\n" +
                                      ArchitecturesTable() + "<!-- end -->\n"))
      << "run deploy/dev/architectures.sh";
}

}  // namespace
}  // namespace transformerd
