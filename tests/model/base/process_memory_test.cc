#include "model/base/process_memory.h"

#include <cstring>
#include <vector>

#include "gtest/gtest.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

TEST(ProcessMemoryTest, SeesWhatIsTouched) {
  ASSERT_OK_AND_ASSIGN(const int64_t before, ResidentBytes());
  std::vector<char> touched(64 << 20);
  std::memset(touched.data(), 1, touched.size());
  ASSERT_OK_AND_ASSIGN(const int64_t after, ResidentBytes());
  EXPECT_GT(after - before, 60 << 20);
  EXPECT_EQ(touched.back(), 1);
}

}  // namespace
}  // namespace transformerd
