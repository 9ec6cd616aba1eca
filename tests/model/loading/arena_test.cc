#include "model/loading/arena.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::Each;
using ::testing::Eq;
using ::testing::HasSubstr;

TEST(ArenaTest, IsZeroedAndAligned) {
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Arena> arena, Arena::Create(5000));

  EXPECT_EQ(arena->bytes().size(), 5000u);
  EXPECT_EQ(
      reinterpret_cast<uintptr_t>(arena->bytes().data()) % kArenaAlignmentBytes,
      0u);
  EXPECT_THAT(arena->bytes(), testing::Each(std::byte{0}));
}

TEST(ArenaTest, MayBeEmpty) {
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Arena> arena, Arena::Create(0));
  EXPECT_TRUE(arena->bytes().empty());
  EXPECT_NE(arena->Range(0, 0).data(), nullptr);
}

TEST(ArenaTest, RangesLieInside) {
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Arena> arena, Arena::Create(100));

  EXPECT_EQ(arena->Range(40, 60).data(), arena->bytes().data() + 40);
  EXPECT_DEATH(arena->Range(41, 60), "");
  EXPECT_DEATH(arena->Range(-1, 1), "");
}

TEST(ArenaTest, PopulatesARangeAndKeepsWhatIsInIt) {
  constexpr int64_t kSize = 1 << 20;  // below a huge page
  ASSERT_OK_AND_ASSIGN(const auto arena, Arena::Create(kSize));
  arena->bytes()[300] = std::byte{7};
  if (!arena->Populate(256, kSize - 256)) GTEST_SKIP() << "the kernel cannot";

  std::vector<unsigned char> is_resident(kSize / getpagesize());
  ASSERT_EQ(
      mincore(arena->bytes().data(), arena->bytes().size(), is_resident.data()),
      0);
  EXPECT_THAT(is_resident, Each(Eq(1)));
  EXPECT_EQ(arena->bytes()[300], std::byte{7});
  EXPECT_EQ(arena->bytes()[kSize - 1], std::byte{0});
}

TEST(ArenaTest, TheTotalIsThatOfTheLivingOnes) {
  const int64_t before = Arena::TotalBytes();
  {
    ASSERT_OK_AND_ASSIGN(const auto a, Arena::Create(100));
    ASSERT_OK_AND_ASSIGN(const auto b, Arena::Create(50));
    EXPECT_EQ(Arena::TotalBytes(), before + 150);
  }
  EXPECT_EQ(Arena::TotalBytes(), before);
}

TEST(ArenaTest, DiscardsWholePages) {
  const int64_t before = Arena::TotalBytes();
  const int64_t page = sysconf(_SC_PAGESIZE);
  {
    ASSERT_OK_AND_ASSIGN(const auto arena, Arena::Create(5 * page));
    std::memset(arena->bytes().data(), 1, arena->bytes().size());

    // From the middle of the second page to the middle of the fifth.
    EXPECT_EQ(arena->Discard(page + page / 2, 3 * page), 2 * page);
    EXPECT_EQ(arena->Discard(1, page), 0);

    EXPECT_EQ(arena->held_bytes(), 3 * page);
    EXPECT_EQ(Arena::TotalBytes(), before + 3 * page);
    EXPECT_THAT(arena->Range(0, 2 * page), testing::Each(std::byte{1}));
    EXPECT_THAT(arena->Range(2 * page, 2 * page), testing::Each(std::byte{0}));
    EXPECT_THAT(arena->Range(4 * page, page), testing::Each(std::byte{1}));
  }
  EXPECT_EQ(Arena::TotalBytes(), before);
}

TEST(ArenaTest, SaysHowMuchTheSystemRefused) {
  const absl::Status status = Arena::Create(int64_t{1} << 60).status();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted,
                               HasSubstr("1152921504606846976 bytes")));
  EXPECT_THAT(status, HasReason(Reason::kResourceLimit));
}

int64_t VirtualPages() {
  std::ifstream statm("/proc/self/statm");
  int64_t pages = 0;
  statm >> pages;
  return pages;
}

TEST(ArenaTest, GivesItsMemoryBack) {
  const int64_t before = VirtualPages();
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<Arena> arena,
                       Arena::Create(int64_t{64} << 20));
  EXPECT_GE(VirtualPages(), before + (int64_t{64} << 20) / 4096);

  arena.reset();

  EXPECT_LT(VirtualPages(), before + 1000);
}

}  // namespace
}  // namespace transformerd
