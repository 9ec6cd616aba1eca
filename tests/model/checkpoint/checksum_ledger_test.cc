#include "model/checkpoint/checksum_ledger.h"

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/checkpoint/crc32.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::HasSubstr;

absl::Span<std::byte> Bytes(std::string& text) {
  return {reinterpret_cast<std::byte*>(text.data()), text.size()};
}

// Ten bytes from 100 on, nothing at 110, and six bytes from 120 on.
class ChecksumLedgerTest : public testing::Test {
 protected:
  ChecksumLedgerTest()
      : ledger_({{"a/first", 100, 10, ExtendCrc32(0, Bytes(first_))},
                 {"a/none", 110, 0, 0},
                 {"a/second", 120, 6, ExtendCrc32(0, Bytes(second_))}}) {}

  absl::Status Add(int64_t offset, std::string text) {
    return ledger_.Add(offset, {Bytes(text)});
  }

  std::string first_ = "0123456789";
  std::string second_ = "abcdef";
  ChecksumLedger ledger_;
};

TEST_F(ChecksumLedgerTest, AcceptsWhatIsRight) {
  EXPECT_THAT(Add(100, first_), IsOk());
  EXPECT_THAT(Add(100, first_), IsOk());
  EXPECT_THAT(Add(120, second_), IsOk());
}

TEST_F(ChecksumLedgerTest, NamesWhatIsDamagedEveryTime) {
  for (int i = 0; i < 2; ++i) {
    const absl::Status status = Add(120, "abcdeF");
    EXPECT_THAT(status, HasReason(Reason::kZipInvalid));
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition,
                                 HasSubstr("\"a/second\"")));
  }
}

TEST_F(ChecksumLedgerTest, PiecesMayComeInAnyOrder) {
  EXPECT_THAT(Add(107, "789"), IsOk());
  EXPECT_THAT(Add(100, "01"), IsOk());
  EXPECT_THAT(Add(104, "456"), IsOk());
  EXPECT_THAT(Add(102, "23"), IsOk());

  EXPECT_THAT(Add(123, "def"), IsOk());
  EXPECT_THAT(Add(120, "abC"), HasReason(Reason::kZipInvalid));
}

TEST_F(ChecksumLedgerTest, PiecesReadTwiceCountOnce) {
  EXPECT_THAT(Add(100, "01234"), IsOk());
  EXPECT_THAT(Add(102, "23"), IsOk());
  EXPECT_THAT(Add(103, "3456"), IsOk());
  EXPECT_THAT(Add(105, "XX78"), IsOk());
  EXPECT_THAT(Add(105, "XXXX9"), IsOk());
  EXPECT_THAT(Add(120, "abc"), IsOk());
  EXPECT_THAT(Add(122, "cdeF"), HasReason(Reason::kZipInvalid));
}

// Each read says something new, besides what is known from before it: in front
// of it, behind it, within it and on both its sides.
TEST_F(ChecksumLedgerTest, WhatIsNewInAPieceCounts) {
  for (const bool is_damaged : {false, true}) {
    for (const std::vector<std::pair<int, int>>& reads :
         std::vector<std::vector<std::pair<int, int>>>{
             {{0, 6}, {3, 10}},
             {{4, 10}, {0, 7}},
             {{3, 5}, {0, 10}},
             {{0, 2}, {4, 6}, {8, 10}, {1, 9}},
             {{2, 4}, {6, 8}, {0, 3}, {3, 10}}}) {
      std::string text = first_;
      ChecksumLedger ledger({{"a", 100, 10, ExtendCrc32(0, Bytes(text))}});
      if (is_damaged) text[7] ^= 1;
      absl::Status status;
      for (const auto& [begin, end] : reads) {
        ASSERT_THAT(status, IsOk());
        status =
            ledger.Add(100 + begin, {Bytes(text).subspan(begin, end - begin)});
      }
      if (is_damaged) {
        EXPECT_THAT(status, HasReason(Reason::kZipInvalid));
      } else {
        EXPECT_THAT(status, IsOk());
      }
    }
  }
}

TEST_F(ChecksumLedgerTest, OneReadMayCoverSeveralStretchesAndBuffers) {
  std::string before = "...0123", middle = "456789----------ab",
              after = "cdef..";
  EXPECT_THAT(ledger_.Add(97, {Bytes(before), Bytes(middle), Bytes(after)}),
              IsOk());
  after = "cdeX..";
  EXPECT_THAT(ledger_.Add(97, {Bytes(before), Bytes(middle), Bytes(after)}),
              IsOk())
      << "what was found right once is not summed again";
  ChecksumLedger fresh({{"a/second", 120, 6, ExtendCrc32(0, Bytes(second_))}});
  EXPECT_THAT(fresh.Add(97, {Bytes(before), Bytes(middle), Bytes(after)}),
              HasReason(Reason::kZipInvalid));
}

TEST_F(ChecksumLedgerTest, BytesOfNoStretchAreIgnored) {
  EXPECT_THAT(Add(0, "xxxx"), IsOk());
  EXPECT_THAT(Add(110, "xxxxxxxxxx"), IsOk());
  EXPECT_THAT(Add(126, "xxxx"), IsOk());
}

TEST(ChecksumLedgerThreadsTest, SumsFromSeveralThreads) {
  std::string text(40'000, 'w');
  ChecksumLedger ledger({{"a/w", 0, 40'000, ExtendCrc32(0, Bytes(text)) ^ 1}});
  std::vector<std::thread> threads;
  std::vector<absl::Status> statuses(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = t; i < 400; i += 4) {
        statuses[t].Update(ledger.Add(i * 100, {Bytes(text).subspan(0, 100)}));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  int refused = 0;
  for (const absl::Status& status : statuses) refused += !status.ok();
  EXPECT_EQ(refused, 1);
}

}  // namespace
}  // namespace transformerd
