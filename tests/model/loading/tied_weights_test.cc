#include "model/loading/tied_weights.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/matchers/status_matchers.h"
#include "tests/model/loading/toy_checkpoint.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int kTarget = 0, kTied = 1;

class TiedWeightsTest : public ::testing::Test {
 protected:
  TiedWeightsTest() {
    AddSlot(slots_, "embeddings", {2, 2});
    AddSlot(slots_, "decoder", {2, 2}).TieTo("embeddings");
  }

  absl::Status Tie() {
    map_ = MapByName(slots_, file_);
    return TieEqualTensors(slots_, file_, control_, map_);
  }

  SlotVector slots_;
  ToyCheckpoint file_;
  LoadControl control_;
  NameMap map_;
};

TEST_F(TiedWeightsTest, LoadsEqualCopiesOnce) {
  file_.AddFloats("decoder", {2, 2}, {1, 2, 3, 4});
  file_.AddFloats("embeddings", {2, 2}, {1, 2, 3, 4});

  ASSERT_THAT(Tie(), IsOk());

  EXPECT_EQ(map_.slots[kTied].source, SlotSource::kTied);
  EXPECT_EQ(map_.slots[kTied].index, kTarget);
  EXPECT_THAT(map_.unused, ElementsAre("decoder"));
  EXPECT_THAT(map_.warnings, IsEmpty());
}

TEST_F(TiedWeightsTest, LoadsDifferentOnesEachAndSaysSo) {
  file_.AddFloats("embeddings", {2, 2}, {1, 2, 3, 4});
  file_.AddFloats("decoder", {2, 2}, {1, 2, 3, 5});

  ASSERT_THAT(Tie(), IsOk());

  EXPECT_EQ(map_.slots[kTied].source, SlotSource::kEntry);
  EXPECT_THAT(map_.unused, IsEmpty());
  EXPECT_THAT(map_.warnings, ElementsAre(HasSubstr("\"decoder\"")));
}

TEST_F(TiedWeightsTest, ComparesLargeTensorsToTheEnd) {
  const int64_t rows = int64_t{3} << 17;  // three mebibytes of floats, and more
  slots_.clear();
  AddSlot(slots_, "embeddings", {rows + 1, 2});
  AddSlot(slots_, "decoder", {rows + 1, 2}).TieTo("embeddings");
  std::vector<float> values(2 * (rows + 1), 1.0f);
  file_.AddFloats("embeddings", {rows + 1, 2}, values);
  values.back() = 2.0f;
  file_.AddFloats("decoder", {rows + 1, 2}, values);

  ASSERT_THAT(Tie(), IsOk());

  EXPECT_EQ(map_.slots[kTied].source, SlotSource::kEntry);
}

TEST_F(TiedWeightsTest, ReadsNothingWhereOneCopyIsThereOrDtypesDiffer) {
  file_.Add("embeddings", {2, 2});
  ASSERT_THAT(Tie(), IsOk());
  file_.Add("decoder", {2, 2}, DType::kF16);
  ASSERT_THAT(Tie(), IsOk());

  EXPECT_EQ(map_.slots[kTied].source, SlotSource::kEntry);
  EXPECT_THAT(file_.reads(), IsEmpty());
}

TEST_F(TiedWeightsTest, EndsWithTheReadersErrorOrTheCancellation) {
  file_.Add("embeddings", {2, 2});
  file_.Add("decoder", {2, 2});
  file_.OnRead(1, [] { return absl::DataLossError("gone"); });
  EXPECT_THAT(Tie(), StatusIs(absl::StatusCode::kDataLoss, "gone"));

  control_.Cancel(absl::CancelledError("enough"));
  EXPECT_THAT(Tie(), StatusIs(absl::StatusCode::kCancelled, "enough"));
}

}  // namespace
}  // namespace transformerd
