#include "model/reference/pass_classes.h"

#include <algorithm>
#include <set>
#include <utility>

#include "gtest/gtest.h"

namespace transformerd {
namespace {

TEST(ClassOfTest, NoLessThanTheBatchAndLittleMore) {
  std::set<std::pair<int64_t, int64_t>> classes;
  for (int64_t tokens = 1; tokens <= 1024; ++tokens) {
    for (int64_t rows = 1; rows <= tokens; ++rows) {
      const std::optional<PassSize> size = ClassOf({tokens, rows});
      ASSERT_TRUE(size.has_value()) << tokens << " " << rows;
      ASSERT_GE(size->tokens, tokens);
      ASSERT_GE(size->rows, rows);
      ASSERT_LT(size->rows, 2 * rows);
      ASSERT_LT(2 * size->tokens, 3 * std::max<int64_t>(tokens, 8)) << tokens;
      ASSERT_EQ(ClassOf(*size), size);
      classes.insert({size->tokens, size->rows});
    }
  }
  EXPECT_EQ(classes.size(), 116u);
}

TEST(ClassOfTest, UsualBatchesFillTheirs) {
  EXPECT_EQ(ClassOf({16, 1}), (PassSize{16, 1}));
  EXPECT_EQ(ClassOf({8 * 128, 8}), (PassSize{1024, 8}));
  EXPECT_EQ(ClassOf({384, 1}), (PassSize{384, 1}));
}

TEST(ClassOfTest, LargeBatchesHaveNone) {
  EXPECT_EQ(ClassOf({1025, 1}), std::nullopt);
}

}  // namespace
}  // namespace transformerd
