#include "model/loading/load_plan.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "tests/matchers/status_matchers.h"
#include "tests/model/loading/toy_checkpoint.h"

namespace transformerd {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::SizeIs;

class LoadPlanTest : public testing::Test {
 protected:
  LoadPlanTest() {
    options_.architecture = "Toy";
    options_.bucket_bytes = 512;
  }

  absl::StatusOr<LoadPlan> Create() { return Create(MapByName(slots_, file_)); }
  absl::StatusOr<LoadPlan> Create(const NameMap& map) {
    return LoadPlan::Create(slots_, file_.entries(), map, options_);
  }

  SlotVector slots_;
  ToyCheckpoint file_;
  LoadPlanOptions options_;
};

TEST_F(LoadPlanTest, FollowsTheFileWhateverTheOrderOfSlots) {
  AddSlot(slots_, "a", {10});
  AddSlot(slots_, "b", {70});
  file_.Add("b", {70});
  file_.Add("a", {10});

  ASSERT_OK_AND_ASSIGN(const LoadPlan plan, Create());

  ASSERT_THAT(plan.items(), SizeIs(2));
  EXPECT_EQ(plan.items()[0].slot, 1);
  EXPECT_THAT(plan.slot_offsets(), ElementsAre(Optional(512), Optional(0)));
  EXPECT_EQ(plan.arena_bytes(), 768);
  EXPECT_EQ(plan.payload_bytes(), 320);
  EXPECT_EQ(plan.payload_tensors(), 2);
  EXPECT_EQ(plan.num_parameters(), 80);
}

TEST_F(LoadPlanTest, BucketsCoverTheArenaInOrder) {
  AddSlot(slots_, "a", {300});
  AddSlot(slots_, "b", {20});
  file_.Add("a", {300});
  file_.Add("b", {20});

  ASSERT_OK_AND_ASSIGN(const LoadPlan plan, Create());

  int64_t end = 0;
  for (int64_t k = 0; k < plan.num_buckets(); ++k) {
    const LoadBucket bucket = plan.Bucket(k);
    EXPECT_EQ(bucket.arena_offset_bytes, end);
    end += bucket.size_bytes;
  }
  EXPECT_EQ(end, plan.arena_bytes());
  ASSERT_EQ(plan.num_buckets(), 3);
  EXPECT_EQ(plan.Bucket(2).size_bytes, 512);
}

// 300 floats are 128 + 128 + 44.
TEST_F(LoadPlanTest, CutsLargeParametersAtBucketBorders) {
  AddSlot(slots_, "a", {300});
  AddSlot(slots_, "b", {20});
  file_.Add("a", {300});
  file_.Add("b", {20});

  ASSERT_OK_AND_ASSIGN(const LoadPlan plan, Create());

  const std::vector<LoadPiece> middle = plan.Bucket(1).pieces;
  const std::vector<LoadPiece> last = plan.Bucket(2).pieces;
  ASSERT_THAT(middle, SizeIs(1));
  EXPECT_EQ(middle[0].begin, 128);
  EXPECT_EQ(middle[0].count, 128);
  ASSERT_THAT(last, SizeIs(2));
  EXPECT_EQ(last[0].begin, 256);
  EXPECT_EQ(last[0].count, 44);
  EXPECT_EQ(last[1].item, 1);
  EXPECT_EQ(last[1].count, 20);
}

// 2^50 buckets.
TEST_F(LoadPlanTest, CostsTheSameHoweverManyBytesItCovers) {
  constexpr int64_t kElements = int64_t{1} << 57;
  options_.strict = false;
  AddSlot(slots_, "a", {kElements});

  ASSERT_OK_AND_ASSIGN(const LoadPlan plan, Create());

  EXPECT_EQ(plan.num_buckets(), kElements / 128);
  const LoadBucket last = plan.Bucket(plan.num_buckets() - 1);
  EXPECT_EQ(last.arena_offset_bytes + last.size_bytes, plan.arena_bytes());
  ASSERT_THAT(last.pieces, SizeIs(1));
  EXPECT_EQ(last.pieces[0].begin, kElements - 128);
  EXPECT_EQ(last.pieces[0].count, 128);
}

TEST_F(LoadPlanTest, CastsBetweenFloatingPointTypes) {
  AddSlot(slots_, "a", {10}, DType::kBF16);
  file_.Add("a", {10}, DType::kF32);

  ASSERT_OK_AND_ASSIGN(const LoadPlan plan, Create());

  EXPECT_EQ(plan.items()[0].transform, Transform::kCast);
  EXPECT_EQ(plan.payload_bytes(), 40);
  EXPECT_EQ(plan.arena_bytes(), 256);
}

TEST_F(LoadPlanTest, TiedSlotsShareTheirRange) {
  AddSlot(slots_, "a", {10});
  AddSlot(slots_, "b", {10}).TieTo("a");
  file_.Add("a", {10});
  NameMap map = MapByName(slots_, file_);
  map.missing.clear();
  map.slots[1].source = SlotSource::kTied;
  map.slots[1].index = 0;

  ASSERT_OK_AND_ASSIGN(const LoadPlan plan, Create(map));

  EXPECT_THAT(plan.slot_offsets(), ElementsAre(Optional(0), Optional(0)));
  EXPECT_EQ(plan.num_parameters(), 10);
}

TEST_F(LoadPlanTest, LeavesOutWhatTheMapLeavesOut) {
  AddSlot(slots_, "a", {10});
  NameMap map = MapByName(slots_, file_);
  map.missing.clear();
  map.slots[0].source = SlotSource::kLeftOut;

  ASSERT_OK_AND_ASSIGN(const LoadPlan plan, Create(map));

  EXPECT_THAT(plan.slot_offsets(), ElementsAre(std::nullopt));
  EXPECT_EQ(plan.num_buckets(), 0);
  EXPECT_EQ(plan.arena_bytes(), 0);
}

TEST_F(LoadPlanTest, ReportsAllMismatchesAtOnce) {
  AddSlot(slots_, "gone.weight", {2});
  AddSlot(slots_, "shape", {2, 3});
  AddSlot(slots_, "dtype", {2});
  file_.Add("shape", {3, 2});
  file_.Add("dtype", {2}, DType::kI64);
  file_.Add("gone.weihgt", {2});

  const absl::Status status = Create().status();

  EXPECT_THAT(status,
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "checkpoint does not fit the architecture Toy: "
                       "1 missing (gone.weight [nearest: gone.weihgt]), "
                       "1 unexpected (gone.weihgt [nearest: gone.weight]), "
                       "1 shape (shape: file [3,2], model [2,3]), "
                       "1 dtype (dtype: file I64, model F32)"));
  EXPECT_THAT(status, HasReason(Reason::kMissingKey));
}

TEST_F(LoadPlanTest, RefusesAnotherNumberOfAxes) {
  AddSlot(slots_, "a", {6});
  file_.Add("a", {2, 3});
  EXPECT_THAT(Create(), HasReason(Reason::kShapeMismatch));
}

TEST_F(LoadPlanTest, RefusesIntegersForFloats) {
  AddSlot(slots_, "a", {6});
  file_.Add("a", {6}, DType::kI32);
  EXPECT_THAT(Create(), HasReason(Reason::kDtypeMismatch));
}

TEST_F(LoadPlanTest, CastsFloatsOfEightBits) {
  AddSlot(slots_, "a", {6});
  file_.Add("a", {6}, DType::kF8E4M3);
  ASSERT_OK_AND_ASSIGN(const LoadPlan plan, Create());
  EXPECT_EQ(plan.payload_bytes(), 6);
}

TEST_F(LoadPlanTest, NotStrictForgivesMissingAndUnexpectedOnly) {
  options_.strict = false;
  AddSlot(slots_, "a", {6});
  file_.Add("b", {6});
  EXPECT_THAT(Create(), IsOk());

  AddSlot(slots_, "c", {6});
  file_.Add("c", {7});
  EXPECT_THAT(Create().status(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "checkpoint does not fit the architecture Toy: "
                       "1 shape (c: file [7], model [6])"));
}

TEST_F(LoadPlanTest, InitializesMissingSlotsLast) {
  options_.strict = false;
  AddSlot(slots_, "new", {6}, DType::kF32, Initializer::kOnes);
  AddSlot(slots_, "a", {6});
  file_.Add("a", {6});

  ASSERT_OK_AND_ASSIGN(const LoadPlan plan, Create());

  ASSERT_THAT(plan.items(), SizeIs(2));
  EXPECT_EQ(plan.items()[1].slot, 0);
  EXPECT_EQ(plan.items()[1].transform, Transform::kInitialize);
  EXPECT_EQ(plan.items()[1].initializer, Initializer::kOnes);
  EXPECT_EQ(plan.payload_bytes(), 24);
  EXPECT_EQ(plan.num_parameters(), 12);
}

TEST_F(LoadPlanTest, RefusesSizesThatOverflow) {
  options_.strict = false;
  for (int i = 0; i < 16; ++i) {
    AddSlot(slots_, std::to_string(i), {int64_t{1} << 57});
  }
  EXPECT_THAT(Create(), StatusIs(absl::StatusCode::kResourceExhausted,
                                 HasSubstr("up to \"15\" need more than")));
}

TEST_F(LoadPlanTest, TakesParametersWithoutElements) {
  AddSlot(slots_, "a", {0, 4});
  AddSlot(slots_, "b", {2});
  file_.Add("a", {0, 4});
  file_.Add("b", {2});

  ASSERT_OK_AND_ASSIGN(const LoadPlan plan, Create());

  EXPECT_EQ(plan.payload_tensors(), 1);
  EXPECT_THAT(plan.slot_offsets(), ElementsAre(Optional(0), Optional(0)));
}

class DigestTest : public LoadPlanTest {
 protected:
  DigestTest() {
    AddSlot(slots_, "a", {2, 3});
    file_.Add("a", {2, 3});
  }
};

TEST_F(DigestTest, IsTheSameForEqualSlots) {
  ASSERT_OK_AND_ASSIGN(const LoadPlan plan, Create());
  SlotVector replica;
  AddSlot(replica, "a", {2, 3});
  EXPECT_EQ(plan.DigestFor(replica), plan.digest());
}

// The value of a first run: another process and another build must get it too.
TEST_F(DigestTest, IsStable) {
  ASSERT_OK_AND_ASSIGN(const LoadPlan plan, Create());
  EXPECT_EQ(plan.digest(), 13924197572062425974u);
}

TEST_F(DigestTest, DiffersForOtherSlots) {
  ASSERT_OK_AND_ASSIGN(const LoadPlan plan, Create());
  SlotVector other_name, other_shape, other_dtype, more;
  AddSlot(other_name, "b", {2, 3});
  AddSlot(other_shape, "a", {3, 2});
  AddSlot(other_dtype, "a", {2, 3}, DType::kBF16);
  AddSlot(more, "a", {2, 3});
  AddSlot(more, "b", {2, 3});
  for (const SlotVector* slots :
       {&other_name, &other_shape, &other_dtype, &more}) {
    EXPECT_NE(plan.DigestFor(*slots), plan.digest());
  }
}

TEST_F(LoadPlanTest, BindsSlotsToTheirRanges) {
  AddSlot(slots_, "a", {10});
  AddSlot(slots_, "b", {10});
  file_.Add("b", {10});
  file_.Add("a", {10});
  ASSERT_OK_AND_ASSIGN(const LoadPlan plan, Create());
  ASSERT_OK_AND_ASSIGN(const auto arena, Arena::Create(plan.arena_bytes()));

  BindSlots(plan, arena->bytes(), slots_);

  EXPECT_EQ(slots_[0]->storage(), arena->bytes().data() + 256);
  EXPECT_EQ(slots_[1]->storage(), arena->bytes().data());
}

}  // namespace
}  // namespace transformerd
