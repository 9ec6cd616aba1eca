#include "server/port_file.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/temporary_folder.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(PortFileTest, HoldsALineForEachPort) {
  const TemporaryFolder folder;
  const std::string path = folder.PathOf("ports");

  ASSERT_THAT(WritePortFile(path, {1, 2, 3}), IsOk());

  std::ifstream file(path);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  EXPECT_EQ(text, "grpc_port=1\nmetrics_port=2\nhealth_port=3\n");
}

TEST(PortFileTest, ReplacesAnOlderOneAndLeavesNothingElse) {
  const TemporaryFolder folder;
  folder.Write("ports", "old");

  ASSERT_THAT(WritePortFile(folder.PathOf("ports"), {1, 2, 0}), IsOk());

  const std::filesystem::directory_iterator files(folder.path());
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST(PortFileTest, SaysWhereItCouldNotWrite) {
  const TemporaryFolder folder;
  const absl::Status status = WritePortFile(folder.PathOf("none/ports"), {});
  EXPECT_THAT(status, Not(IsOk()));
  EXPECT_THAT(std::string(status.message()), HasSubstr("none/ports"));
}

}  // namespace
}  // namespace transformerd
