#include "model/runtime/chosen_tokens.h"

#include <optional>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Rows of these ids, with all tokens visible.
PackedRows Rows(const std::vector<std::vector<int64_t>>& ids) {
  PackedRows rows;
  for (const auto& row : ids) {
    rows.input_ids.insert(rows.input_ids.end(), row.begin(), row.end());
    rows.sequence_offsets.push_back(
        static_cast<int64_t>(rows.input_ids.size()));
  }
  rows.attention_mask.assign(rows.input_ids.size(), 1);
  return rows;
}

TEST(ChosenTokensTest, TheFirstOfEachRow) {
  EXPECT_THAT(FirstTokens(Rows({{5, 6}, {7}, {8, 9, 9}})),
              ElementsAre(0, 2, 3));
  EXPECT_THAT(FirstTokens(Rows({})), IsEmpty());
}

TEST(ChosenTokensTest, TheLastThatIsNotPadding) {
  // The last row has nothing but padding.
  const PackedRows rows = Rows({{5, 6, 0, 0}, {7, 0, 8}, {0, 0}});

  EXPECT_THAT(LastTokens(rows, /*pad_token_id=*/0), ElementsAre(1, 6, 7));
}

TEST(ChosenTokensTest, TheLastOfAllWhereThereIsNoPadding) {
  EXPECT_THAT(LastTokens(Rows({{5, 0}, {0}}), std::nullopt), ElementsAre(1, 2));
}

TEST(ChosenTokensTest, OneWithoutAnIdIsNoPadding) {
  EXPECT_THAT(LastTokens(Rows({{kNoId, kNoId, 0}}), /*pad_token_id=*/0),
              ElementsAre(1));
}

TEST(ChosenTokensTest, TheLastVisible) {
  PackedRows rows = Rows({{5, 6, 7}, {8, 9}, {3}});
  rows.attention_mask = {1, 1, 0, 0, 0, 1};

  EXPECT_THAT(LastVisibleTokens(rows), ElementsAre(1, 3, 5));
}

TEST(ChosenTokensTest, TheFirstEndOfText) {
  const PackedRows rows = Rows({{4, 2, 9, 2}, {2}, {4, 9}});

  // The last row has none: its first stands for it.
  EXPECT_THAT(EndsOfText(rows, /*end_of_text=*/2), ElementsAre(1, 4, 5));
}

TEST(ChosenTokensTest, TheFirstOfTheHighestIdWhereNoneIsTheEndOfText) {
  EXPECT_THAT(EndsOfText(Rows({{4, 9, 2, 9}, {2}}), std::nullopt),
              ElementsAre(1, 4));
}

TEST(ChosenTokensTest, TheDecodersAtTheLastPlaceOfAnId) {
  const PackedRows rows = Rows({{2, 5, 2, 7}, {2}});
  const PackedRows decoder = Rows({{1, 1, 1}, {1, 1, 1, 1}});

  EXPECT_THAT(TokensAtLast(rows, /*id=*/2, decoder), ElementsAre(2, 3));
}

}  // namespace
}  // namespace transformerd
