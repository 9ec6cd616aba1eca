#include "client/commands/similarity.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace transformerd {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(CosineSimilaritiesTest, LengthsDoNotMatter) {
  const Similarities similarities =
      CosineSimilarities({{{3, 4}, 0}, {{300, 400}, 0}, {{-4, 3}, 0}});

  ASSERT_THAT(similarities, SizeIs(3));
  EXPECT_THAT(similarities[0],
              ElementsAre(DoubleNear(1, 1e-12), DoubleNear(1, 1e-12), 0));
  EXPECT_THAT(similarities[2], ElementsAre(0, 0, DoubleNear(1, 1e-12)));
}

TEST(CosineSimilaritiesTest, AVectorWithoutLengthHasNoAngle) {
  const Similarities similarities =
      CosineSimilarities({{{1, 0}, 0}, {{0, 0}, 0}});

  EXPECT_EQ(similarities[0][0], 1);
  EXPECT_TRUE(std::isnan(similarities[0][1]));
  EXPECT_TRUE(std::isnan(similarities[1][1]));
}

TEST(CosineSimilaritiesTest, NoTextsHaveNoSimilarities) {
  EXPECT_THAT(CosineSimilarities({}), IsEmpty());
}

TEST(SimilarityTableTest, CutsTextsToTheTerminal) {
  EXPECT_EQ(SimilarityTable({"a rather long sentence", "short"},
                            {{1, -0.25}, {-0.25, 1}}, 40),
            "   TEXT                 1        2\n"
            "1  a rather long se...  1.0000   -0.2500\n"
            "2  short                -0.2500  1.0000\n");
}

TEST(SimilarityTableTest, ShowsNoNegativeZeroAndWhatIsNoNumber) {
  EXPECT_EQ(SimilarityTable({"a", "b"}, {{1, -1e-9}, {NAN, 1}}, 80),
            "   TEXT  1       2\n"
            "1  a     1.0000  0.0000\n"
            "2  b     nan     1.0000\n");
}

}  // namespace
}  // namespace transformerd
