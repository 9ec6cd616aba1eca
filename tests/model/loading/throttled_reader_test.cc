#include "model/loading/throttled_reader.h"

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/fake_clock.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;

// Every byte is the low byte of its offset; writes down what is asked for.
class CountingReader : public CheckpointReader {
 public:
  const std::vector<CheckpointEntry>& entries() const override {
    return entries_;
  }
  std::string file_name(int) const override { return "weights"; }
  absl::Status Read(
      int, int64_t offset_bytes,
      absl::Span<const absl::Span<std::byte>> buffers) const override {
    reads_.emplace_back(offset_bytes, 0);
    for (const absl::Span<std::byte> buffer : buffers) {
      for (std::byte& byte : buffer) byte = std::byte(offset_bytes++ & 0xff);
    }
    reads_.back().second = offset_bytes;
    return error_;
  }

  std::vector<CheckpointEntry> entries_;
  mutable std::vector<std::pair<int64_t, int64_t>> reads_;  // [begin, end)
  absl::Status error_;
};

class ThrottledReaderTest : public ::testing::Test {
 protected:
  // As many bytes as a burst is, which is the least there is.
  static constexpr int64_t kBurst = 4096;

  FakeClock clock_;
  LoadControl control_{clock_};
  BandwidthLimit limit_{10 * kBurst, clock_};
  CountingReader below_;
  ThrottledReader reader_{below_, limit_, control_};
  std::vector<std::byte> bytes_ = std::vector<std::byte>(2 * kBurst);
};

TEST_F(ThrottledReaderTest, ReadsInStepsAcrossTheBordersOfBuffers) {
  clock_.Advance(absl::Seconds(1));
  const auto all = absl::MakeSpan(bytes_);
  const absl::Span<std::byte> buffers[] = {
      all.first(1000), {}, all.subspan(1000, kBurst - 900)};
  std::thread mover([this] {
    clock_.AwaitWaiters(1);
    clock_.Advance(absl::Seconds(1));
  });

  EXPECT_THAT(reader_.Read(0, 7, buffers), IsOk());

  mover.join();
  EXPECT_THAT(below_.reads_, ElementsAre(std::pair(7, 7 + kBurst),
                                         std::pair(7 + kBurst, 107 + kBurst)));
  for (int64_t i = 0; i < kBurst + 100; ++i) {
    ASSERT_EQ(bytes_[i], std::byte((7 + i) & 0xff)) << i;
  }
}

TEST_F(ThrottledReaderTest, AnErrorEndsTheRead) {
  below_.error_ = absl::FailedPreconditionError("short");
  const absl::Span<std::byte> buffers[] = {absl::MakeSpan(bytes_)};
  EXPECT_THAT(reader_.Read(0, 0, buffers),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(below_.reads_.size(), 1u);
}

TEST_F(ThrottledReaderTest, ACancelledLoadReadsNoFurther) {
  control_.Cancel(absl::CancelledError("enough"));
  const absl::Span<std::byte> buffers[] = {absl::MakeSpan(bytes_)};
  EXPECT_THAT(reader_.Read(0, 0, buffers),
              StatusIs(absl::StatusCode::kCancelled));
  EXPECT_TRUE(below_.reads_.empty());
}

}  // namespace
}  // namespace transformerd
