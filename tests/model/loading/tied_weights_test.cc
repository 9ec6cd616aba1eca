#include "model/loading/tied_weights.h"

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/matchers/status_matchers.h"
#include "tests/model/loading/toy_checkpoint.h"

namespace transformerd {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int kTarget = 0, kTied = 1;

class TiedWeightsTest : public ::testing::Test {
 protected:
  TiedWeightsTest() { AddSlots({2, 2}); }

  void AddSlots(const Shape& shape) {
    slots_.clear();
    AddSlot(slots_, "embeddings", shape);
    AddSlot(slots_, "decoder", shape).TieTo("embeddings");
  }

  // A load's end: each slot of the plan has its values.
  void Load(const std::vector<float>& embeddings,
            const std::vector<float>& decoder) {
    map_ = MapByName(slots_, file_);
    ASSERT_OK_AND_ASSIGN(LoadPlan plan,
                         LoadPlan::Create(slots_, file_.entries(), map_, {}));
    plan_ = std::make_unique<LoadPlan>(std::move(plan));
    ASSERT_OK_AND_ASSIGN(arena_, Arena::Create(plan_->arena_bytes()));
    Fill(kTarget, embeddings);
    Fill(kTied, decoder);
  }

  void Fill(int slot, const std::vector<float>& values) {
    const int64_t size_bytes = values.size() * sizeof(float);
    std::memcpy(arena_->Range(*plan_->slot_offsets()[slot], size_bytes).data(),
                values.data(), size_bytes);
  }

  TiedCopies Compare() {
    return CompareTiedCopies(slots_, map_, *plan_, *arena_);
  }

  SlotVector slots_;
  ToyCheckpoint file_;
  NameMap map_;
  std::unique_ptr<LoadPlan> plan_;
  std::unique_ptr<Arena> arena_;
};

TEST_F(TiedWeightsTest, EqualCopiesBecomeOne) {
  file_.Add("decoder", {2, 2});
  file_.Add("embeddings", {2, 2});
  Load({1, 2, 3, 4}, {1, 2, 3, 4});

  const TiedCopies copies = Compare();

  ASSERT_THAT(copies.equal, SizeIs(1));
  EXPECT_EQ(copies.equal[0].slot, kTied);
  EXPECT_EQ(copies.equal[0].target, kTarget);
  EXPECT_THAT(copies.warnings, IsEmpty());
  BindSlots(*plan_, arena_->bytes(), slots_, copies.equal);
  EXPECT_EQ(slots_[kTied]->storage(), slots_[kTarget]->storage());
}

TEST_F(TiedWeightsTest, DifferentOnesStayAndAreToldOf) {
  file_.Add("embeddings", {2, 2});
  file_.Add("decoder", {2, 2});
  Load({1, 2, 3, 4}, {1, 2, 3, 5});

  const TiedCopies copies = Compare();

  EXPECT_THAT(copies.equal, IsEmpty());
  EXPECT_THAT(copies.warnings, ElementsAre(AllOf(HasSubstr("\"decoder\""),
                                                 HasSubstr("\"embeddings\""))));
}

// Their file may have one in another dtype.
TEST_F(TiedWeightsTest, WhatCountsAreTheLoadedValues) {
  file_.Add("embeddings", {2, 2});
  file_.Add("decoder", {2, 2}, DType::kF16);
  Load({1, 2, 3, 4}, {1, 2, 3, 4});
  EXPECT_THAT(Compare().equal, SizeIs(1));
}

TEST_F(TiedWeightsTest, NothingIsComparedWhereOneCopyIsThere) {
  file_.Add("embeddings", {2, 2});
  map_ = MapByName(slots_, file_);
  map_.slots[kTied].source = SlotSource::kTied;
  map_.slots[kTied].index = kTarget;
  map_.missing.clear();
  ASSERT_OK_AND_ASSIGN(const LoadPlan plan,
                       LoadPlan::Create(slots_, file_.entries(), map_, {}));
  ASSERT_OK_AND_ASSIGN(arena_, Arena::Create(plan.arena_bytes()));

  const TiedCopies copies = CompareTiedCopies(slots_, map_, plan, *arena_);

  EXPECT_THAT(copies.equal, IsEmpty());
  EXPECT_THAT(copies.warnings, IsEmpty());
}

TEST_F(TiedWeightsTest, TheMemoryOfASecondCopyComesBack) {
  const int64_t size_bytes = int64_t{1} << 20;
  AddSlots({size_bytes / 4});
  file_.Add("embeddings", {size_bytes / 4});
  file_.Add("decoder", {size_bytes / 4});
  const std::vector<float> values(size_bytes / 4, 1.0f);
  Load(values, values);

  DiscardCopies(slots_, Compare().equal, *plan_, *arena_);

  EXPECT_EQ(arena_->held_bytes(), size_bytes);
  EXPECT_EQ(*reinterpret_cast<const float*>(
                arena_->Range(*plan_->slot_offsets()[kTarget], 4).data()),
            1.0f);
}

class SharedTensorsTest : public TiedWeightsTest {
 protected:
  SharedTensorsTest() {
    file_.Add("decoder", {2, 2});
    file_.Add("embeddings", {2, 2});
    map_ = MapByName(slots_, file_);
    entries_ = file_.entries();
  }

  std::vector<CheckpointEntry> entries_;
};

TEST_F(SharedTensorsTest, TwoNamesOfOneTensorAreTiedByTheHeader) {
  entries_[0].offset_bytes = entries_[1].offset_bytes;

  TieSharedTensors(slots_, entries_, map_);

  EXPECT_EQ(map_.slots[kTied].source, SlotSource::kTied);
  EXPECT_EQ(map_.slots[kTied].index, kTarget);
  EXPECT_THAT(map_.unused, ElementsAre("decoder"));
}

TEST_F(SharedTensorsTest, OthersAreNot) {
  TieSharedTensors(slots_, entries_, map_);
  EXPECT_EQ(map_.slots[kTied].source, SlotSource::kEntry);

  entries_[0].offset_bytes = entries_[1].offset_bytes;
  entries_[0].file = 1;
  TieSharedTensors(slots_, entries_, map_);
  EXPECT_EQ(map_.slots[kTied].source, SlotSource::kEntry);

  // A matrix and its transpose.
  entries_[0].file = 0;
  entries_[0].strides = {1, 2};
  TieSharedTensors(slots_, entries_, map_);
  EXPECT_EQ(map_.slots[kTied].source, SlotSource::kEntry);
  EXPECT_THAT(map_.unused, IsEmpty());
}

}  // namespace
}  // namespace transformerd
