#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "tests/model/kernels/attention_case.h"
#include "tests/model/kernels/twins.h"
#include "tests/model/kernels/variants.h"

namespace transformerd::kernels {
namespace {

// Around blocks of 16 queries and of 48 keys, as they are packed.
constexpr int64_t kLengths[] = {1, 2, 15, 16, 17, 31, 32, 33, 47, 48, 49, 100};
// One block of 512 keys and two.
constexpr int64_t kLong[] = {511, 512, 513, 600};

class AttentionTest : public KernelTest {
 protected:
  ::testing::AssertionResult Equals(const AttentionCase& attention,
                                    const AttentionPlace& place = {}) {
    return EqualsTwin(GetParam(), MakeInput(attention, /*seed=*/1), place);
  }

  static AttentionCase OfLength(int64_t length, int64_t head_size) {
    return {length, length, head_size};
  }
};

INSTANTIATE_TEST_SUITE_P(All, AttentionTest, ::testing::ValuesIn(Variants()),
                         NameOfVariant);

TEST_P(AttentionTest, TakesRowsOfAnyLength) {
  for (int64_t length = 1; length <= 70; ++length) {
    EXPECT_TRUE(Equals(OfLength(length, 32)));
  }
  for (const int64_t length : kLong) {
    EXPECT_TRUE(Equals(OfLength(length, 32)));
  }
}

TEST_P(AttentionTest, TakesHeadsOfAnySize) {
  for (const int64_t head_size :
       {1, 2, 7, 8, 15, 16, 17, 20, 31, 32, 33, 48, 64, 72, 80, 96, 128, 256}) {
    for (const int64_t length : {5, 50}) {
      EXPECT_TRUE(Equals(OfLength(length, head_size)));
    }
  }
}

TEST_P(AttentionTest, ServesSeveralHeadsOfQueries) {
  for (const int64_t head_size : {5, 16, 64}) {
    AttentionCase attention = OfLength(50, head_size);
    attention.heads = 4;
    EXPECT_TRUE(Equals(attention));
    attention.distance_bias = true;
    EXPECT_TRUE(Equals(attention));
  }
}

TEST_P(AttentionTest, WritesHeadsFromAnyColumnOn) {
  for (const int64_t column : {1, 5, 16, 30, 32, 48}) {
    for (const int64_t head_size : {5, 16, 32}) {
      AttentionCase attention = OfLength(20, head_size);
      attention.heads = 2;
      AttentionPlace place;
      place.first_column = column;
      EXPECT_TRUE(Equals(attention, place));
    }
  }
}

TEST_P(AttentionTest, SeesNoKeyAheadWhereItIsCausal) {
  for (const int64_t length : kLengths) {
    AttentionCase attention = OfLength(length, 16);
    attention.after = 0;
    EXPECT_TRUE(Equals(attention));
  }
}

TEST_P(AttentionTest, SeesNoKeyOutsideOfItsWindow) {
  for (const int64_t length : {1, 17, 50, 130}) {
    for (const int64_t before : {-1, 0, 1, 15, 16, 64}) {
      for (const int64_t after : {-1, 0, 1, 16, 65}) {
        AttentionCase attention = OfLength(length, 8);
        attention.before = before;
        attention.after = after;
        EXPECT_TRUE(Equals(attention)) << before << " to " << after;
      }
    }
  }
}

// Some see no key of the first block, others none of the second.
TEST_P(AttentionTest, SeesNoKeyOutsideOfAWindowOverBlocksOfKeys) {
  constexpr int64_t kSpans[][2] = {{0, 0}, {100, 0}, {510, 0}, {20, 520}};
  for (const auto [before, after] : kSpans) {
    AttentionCase attention = OfLength(700, 4);
    attention.before = before;
    attention.after = after;
    EXPECT_TRUE(Equals(attention)) << before << " to " << after;
  }
}

TEST_P(AttentionTest, SeesNoMaskedKey) {
  for (const int64_t length : kLengths) {
    AttentionCase attention = OfLength(length, 16);
    attention.key_mask = true;
    EXPECT_TRUE(Equals(attention));
    attention.after = 0;
    EXPECT_TRUE(Equals(attention));
  }
}

TEST_P(AttentionTest, WeighsAllKeysAlikeWhereItSeesNone) {
  for (const int64_t length : kLengths) {
    for (const bool keeps_probabilities : {false, true}) {
      AttentionPlace place;
      place.keeps_probabilities = keeps_probabilities;
      AttentionInput input = MakeInput(OfLength(length, 16), /*seed=*/2);
      input.key_mask.assign(length, 0);
      EXPECT_TRUE(EqualsTwin(GetParam(), input, place));
      // The first queries see none, the last ones some.
      input.after = 0;
      for (int64_t j = length / 2; j < length; ++j) input.key_mask[j] = 1;
      EXPECT_TRUE(EqualsTwin(GetParam(), input, place));
    }
  }
}

// In the first block of keys some see none.
TEST_P(AttentionTest, WeighsAllKeysOfAllBlocksAlike) {
  constexpr int64_t kLength = 520;
  AttentionInput input = MakeInput(OfLength(kLength, 4), /*seed=*/2);
  input.key_mask.assign(kLength, 0);
  EXPECT_TRUE(EqualsTwin(GetParam(), input));
  input.after = 0;
  input.key_mask[515] = 1;
  EXPECT_TRUE(EqualsTwin(GetParam(), input));
}

TEST_P(AttentionTest, CapsScores) {
  for (const int64_t length : kLengths) {
    AttentionCase attention = OfLength(length, 16);
    attention.softcap = 5;
    attention.score_size = 4;
    EXPECT_TRUE(Equals(attention));
  }
}

TEST_P(AttentionTest, AddsABiasByDistance) {
  for (const int64_t length : kLengths) {
    AttentionCase attention = OfLength(length, 16);
    attention.distance_bias = true;
    EXPECT_TRUE(Equals(attention));
    attention.softcap = 5;
    attention.key_mask = true;
    attention.before = 20;
    EXPECT_TRUE(Equals(attention));
  }
}

TEST_P(AttentionTest, AddsProductsWithVectorsOfDistances) {
  for (const int64_t length : {1, 2, 5, 16, 17, 31, 47, 48, 97, 130}) {
    for (const int64_t head_size : {5, 16, 64}) {
      AttentionCase attention = OfLength(length, head_size);
      attention.distance_key = true;
      EXPECT_TRUE(Equals(attention));
      attention.distance_query = true;
      EXPECT_TRUE(Equals(attention));
      attention.distance_key = false;
      attention.heads = 3;
      EXPECT_TRUE(Equals(attention));
    }
  }
}

TEST_P(AttentionTest, LetsMaskedQueriesSeeAllKeysAlike) {
  for (const int64_t length : {1, 16, 33, 100, 530}) {
    AttentionCase attention = OfLength(length, 16);
    attention.key_mask = true;
    attention.masked_see_all = true;
    EXPECT_TRUE(Equals(attention));
    attention.distance_key = true;
    attention.distance_query = true;
    attention.after = 3;
    EXPECT_TRUE(Equals(attention));
  }
}

TEST_P(AttentionTest, DoesAllOfItOverBlocksOfKeys) {
  for (const int64_t length : kLong) {
    AttentionCase attention = OfLength(length, 8);
    attention.after = 0;
    EXPECT_TRUE(Equals(attention));
    attention.key_mask = true;
    attention.softcap = 5;
    attention.distance_bias = true;
    attention.distance_key = true;
    attention.distance_query = true;
    EXPECT_TRUE(Equals(attention));
  }
}

TEST_P(AttentionTest, KeepsProbabilitiesOfAllKeys) {
  AttentionPlace place;
  place.keeps_probabilities = true;
  for (const int64_t length : kLengths) {
    AttentionCase attention = OfLength(length, 16);
    attention.heads = 2;
    EXPECT_TRUE(Equals(attention, place));
    attention.after = 0;
    attention.before = 10;
    attention.key_mask = true;
    attention.distance_bias = true;
    attention.distance_key = true;
    attention.distance_query = true;
    EXPECT_TRUE(Equals(attention, place));
  }
  EXPECT_TRUE(Equals(OfLength(520, 8), place));
}

TEST_P(AttentionTest, TakesMoreKeysThanQueriesAndFewer) {
  for (const int64_t queries : {1, 5, 40, 90}) {
    for (const int64_t keys : {1, 5, 40, 90, 600}) {
      AttentionCase attention = {queries, keys, 16, /*heads=*/2};
      EXPECT_TRUE(Equals(attention));
      attention.distance_bias = true;
      attention.distance_key = true;
      attention.distance_query = true;
      attention.before = 10;
      attention.after = 20;
      EXPECT_TRUE(Equals(attention));
    }
  }
}

TEST_P(AttentionTest, StandsScoresOfAnySize) {
  for (const double size : {1e-4, 30.0, 1e3, 1e4, 1e6}) {
    for (const int64_t length : {1, 50}) {
      AttentionCase attention = OfLength(length, 16);
      attention.score_size = size;
      AttentionPlace place;
      EXPECT_TRUE(Equals(attention, place)) << size;
      place.keeps_probabilities = true;
      attention.after = 0;
      EXPECT_TRUE(Equals(attention, place)) << size;
    }
    AttentionCase attention = OfLength(530, 4);
    attention.score_size = size;
    EXPECT_TRUE(Equals(attention)) << size;
  }
}

// Scores that rise, so that each block of keys outweighs all before it, or
// fall, so that it vanishes beside them.
TEST_P(AttentionTest, StandsScoresThatRiseAndFallFromBlockToBlock) {
  constexpr int64_t kLength = 1100;
  for (const double step : {1.0 / 8, -1.0 / 8}) {
    AttentionInput input = MakeInput({20, kLength, 1}, /*seed=*/3);
    input.scale = 16;
    for (double& x : input.query.values) x = 1;
    for (int64_t j = 0; j < kLength; ++j) {
      input.key.at(j, 0) = step * static_cast<double>(j / 16);
    }
    EXPECT_TRUE(EqualsTwin(GetParam(), input));
  }
}

TEST_P(AttentionTest, OfNanIsNanInItsRowAlone) {
  AttentionInput input = MakeInput(OfLength(20, 16), /*seed=*/4);
  input.query.at(3, 5) = std::nan("");

  const AttentionResult result = RunAttention(GetParam(), input, {});

  for (int64_t i = 0; i < 20; ++i) {
    EXPECT_EQ(std::isnan(result.context.Get(i, 0)), i == 3) << i;
  }
}

}  // namespace
}  // namespace transformerd::kernels
