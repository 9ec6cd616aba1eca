#include "model/loading/bucket_filler.h"

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/loading/cast.h"
#include "model/loading/initialize.h"
#include "tests/matchers/status_matchers.h"
#include "tests/model/loading/toy_checkpoint.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

class BucketFillerTest : public testing::Test {
 protected:
  // Plans, fills all buckets and binds the slots.
  absl::Status FillAll(int64_t bucket_bytes = 1 << 20) {
    LoadPlanOptions options;
    options.strict = false;
    options.bucket_bytes = bucket_bytes;
    const LoadPlan plan = *LoadPlan::Create(slots_, file_.entries(),
                                            MapByName(slots_, file_), options);
    arena_ = *Arena::Create(plan.arena_bytes());
    BindSlots(plan, arena_->bytes(), slots_);
    BucketFiller filler(plan, file_, *arena_);
    absl::Status status;
    for (int64_t k = 0; k < plan.num_buckets(); ++k) {
      status.Update(filler.Fill(plan.Bucket(k)));
    }
    return status;
  }

  std::string BytesOfSlot(int slot) const {
    return std::string(reinterpret_cast<const char*>(slots_[slot]->storage()),
                       slots_[slot]->size_bytes());
  }

  SlotVector slots_;
  ToyCheckpoint file_;
  std::unique_ptr<Arena> arena_;
};

TEST_F(BucketFillerTest, ReadsNeighboursInOneGo) {
  for (const char* name : {"a", "b", "c"}) {
    AddSlot(slots_, name, {10});
    file_.Add(name, {10});
  }

  EXPECT_THAT(FillAll(), IsOk());

  ASSERT_THAT(file_.reads(), SizeIs(1));
  EXPECT_THAT(file_.reads()[0].sizes, ElementsAre(40, 40, 40));
  EXPECT_EQ(BytesOfSlot(1), file_.BytesOfTensor("b"));
}

TEST_F(BucketFillerTest, DoesNotReadWhatLiesBetween) {
  AddSlot(slots_, "a", {10});
  AddSlot(slots_, "b", {10});
  AddSlot(slots_, "c", {10});
  file_.Add("a", {10});
  file_.Add("unused", {100});
  file_.Add("b", {10});
  file_.Add("c", {10}, DType::kF32, /*gap_bytes=*/4);

  EXPECT_THAT(FillAll(), IsOk());

  EXPECT_THAT(file_.reads(), SizeIs(3));
  EXPECT_EQ(file_.bytes_read(), 120);
  EXPECT_EQ(BytesOfSlot(2), file_.BytesOfTensor("c"));
}

TEST_F(BucketFillerTest, ReadsSeveralFiles) {
  AddSlot(slots_, "a", {10});
  AddSlot(slots_, "b", {10});
  file_.Add("a", {10});
  file_.Add("b", {10}, DType::kF32, /*gap_bytes=*/40, /*file=*/1);

  EXPECT_THAT(FillAll(), IsOk());

  EXPECT_EQ(BytesOfSlot(0), file_.BytesOfTensor("a"));
  EXPECT_EQ(BytesOfSlot(1), file_.BytesOfTensor("b"));
}

TEST_F(BucketFillerTest, CastsPiecesOfACutParameter) {
  const std::vector<float> values = {1.5f, -2.0f, 0.25f};
  AddSlot(slots_, "a", {3}, DType::kBF16);
  AddSlot(slots_, "b", {1000}, DType::kF64);
  AddSlot(slots_, "c", {100});
  file_.AddFloats("a", {3}, values);
  file_.AddFloats("b", {1000}, std::vector<float>(1000, 0.5f));
  file_.Add("c", {100});

  EXPECT_THAT(FillAll(/*bucket_bytes=*/256), IsOk());

  EXPECT_EQ(BytesOfSlot(0), std::string("\xc0\x3f\x00\xc0\x80\x3e", 6));
  const std::vector<double> halves(1000, 0.5);
  EXPECT_EQ(std::memcmp(slots_[1]->storage(), halves.data(), 8000), 0);
  EXPECT_EQ(BytesOfSlot(2), file_.BytesOfTensor("c"));
  EXPECT_EQ(file_.bytes_read(), 3 * 4 + 1000 * 4 + 100 * 4);
}

TEST_F(BucketFillerTest, InitializesWhatIsMissing) {
  AddSlot(slots_, "new", {500});

  EXPECT_THAT(FillAll(/*bucket_bytes=*/256), IsOk());

  std::vector<float> expected(500);
  Initialize({"new", Initializer::kNormal, 0.02}, DType::kF32, 0,
             {reinterpret_cast<std::byte*>(expected.data()), 2000});
  EXPECT_EQ(std::memcmp(slots_[0]->storage(), expected.data(), 2000), 0);
  EXPECT_THAT(file_.reads(), SizeIs(0));
}

TEST_F(BucketFillerTest, TakesMoreTensorsThanOneReadHasBuffers) {
  for (int i = 0; i < 1500; ++i) {
    AddSlot(slots_, std::to_string(i), {1});
    file_.Add(std::to_string(i), {1});
  }

  EXPECT_THAT(FillAll(), IsOk());

  EXPECT_THAT(file_.reads(), SizeIs(2));
  for (int i = 0; i < 1500; ++i) {
    ASSERT_EQ(BytesOfSlot(i), file_.BytesOfTensor(std::to_string(i)));
  }
}

// What is not its own is another rank's, who may be writing there.
TEST_F(BucketFillerTest, WritesViewsToItsOwnBucketsAlone) {
  constexpr int64_t kRows = 64, kColumns = 48, kBucketBytes = 512;
  AddSlot(slots_, "a", {kRows, kColumns});
  file_.AddTransposed("a", kRows, kColumns);
  LoadPlanOptions options;
  options.bucket_bytes = kBucketBytes;
  const LoadPlan plan = *LoadPlan::Create(slots_, file_.entries(),
                                          MapByName(slots_, file_), options);
  arena_ = *Arena::Create(plan.arena_bytes());
  const auto is_mine = [](int64_t bucket) { return bucket % 3 == 1; };
  BucketFillerHooks hooks;
  hooks.is_mine = is_mine;
  BucketFiller filler(plan, file_, *arena_, hooks);

  for (int64_t k = 0; k < plan.num_buckets(); ++k) {
    if (is_mine(k)) {
      ASSERT_THAT(filler.Fill(plan.Bucket(k)), IsOk());
    }
  }

  EXPECT_THAT(file_.reads(), SizeIs(1));
  const std::string stored = file_.BytesOfTensor("a");
  for (int64_t i = 0; i < kRows * kColumns; ++i) {
    const auto bytes = arena_->Range(i * 4, 4);
    const int64_t from = i % kColumns * kRows + i / kColumns;
    ASSERT_EQ(std::string(reinterpret_cast<const char*>(bytes.data()), 4),
              is_mine(i * 4 / kBucketBytes) ? stored.substr(from * 4, 4)
                                            : std::string(4, '\0'))
        << i;
  }
}

TEST_F(BucketFillerTest, AsksBeforeAWindowWhetherToGoOn) {
  AddSlot(slots_, "a", {8, 8});
  file_.AddTransposed("a", 8, 8);
  const LoadPlan plan =
      *LoadPlan::Create(slots_, file_.entries(), MapByName(slots_, file_), {});
  arena_ = *Arena::Create(plan.arena_bytes());
  BucketFillerHooks hooks;
  hooks.check = [] { return absl::CancelledError("enough"); };
  BucketFiller filler(plan, file_, *arena_, hooks);

  EXPECT_THAT(filler.Fill(plan.Bucket(0)),
              StatusIs(absl::StatusCode::kCancelled, "tensor \"a\": enough"));
  EXPECT_THAT(file_.reads(), SizeIs(0));
}

TEST_F(BucketFillerTest, NamesTheTensorWhoseReadFails) {
  AddSlot(slots_, "a", {10});
  file_.Add("a", {10});
  file_.OnRead(0, [] { return absl::DataLossError("gone"); });
  EXPECT_THAT(FillAll(),
              StatusIs(absl::StatusCode::kDataLoss, "tensor \"a\": gone"));
}

TEST_F(BucketFillerTest, NamesTheRangeWhereOneReadIsForSeveralTensors) {
  for (const char* name : {"a", "b", "c"}) {
    AddSlot(slots_, name, {10});
    file_.Add(name, {10});
  }
  file_.OnRead(0, [] { return absl::DataLossError("gone"); });
  EXPECT_THAT(FillAll(), StatusIs(absl::StatusCode::kDataLoss,
                                  "tensors \"a\" to \"c\": gone"));
}

}  // namespace
}  // namespace transformerd
