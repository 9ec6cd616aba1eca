#include "model/config/pooling.h"

#include <optional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace transformerd {
namespace {

using ::testing::Eq;
using ::testing::Optional;

TEST(PoolingKindTest, NamesLeadBack) {
  for (const PoolingKind kind : {PoolingKind::kNone, PoolingKind::kMean,
                                 PoolingKind::kCls, PoolingKind::kLast}) {
    EXPECT_THAT(PoolingKindFromName(NameOf(kind)), Optional(kind));
  }
}

TEST(PoolingKindTest, NamesAreThoseOfTheLoadParameter) {
  EXPECT_THAT(PoolingKindFromName("mean"), Optional(PoolingKind::kMean));
  EXPECT_THAT(PoolingKindFromName("last"), Optional(PoolingKind::kLast));
  EXPECT_THAT(PoolingKindFromName("none"), Optional(PoolingKind::kNone));
}

TEST(PoolingKindTest, UnknownNamesHaveNoKind) {
  for (const char* name : {"", "max", "Mean", "lasttoken"}) {
    EXPECT_THAT(PoolingKindFromName(name), Eq(std::nullopt)) << name;
  }
}

}  // namespace
}  // namespace transformerd
